"""The root of the command line; each command's module is imported when it is called.

Exit codes: 0 ok, 1 failed, 2 usage, 3 a check failed, 4 cannot connect, 5 timeout, 6 refused,
7 conflict, 130 interrupted.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

import click

from streams.errors import (
    AetherError,
    BrokerAway,
    Conflict,
    IncompatibleSchema,
    IndexAway,
    Misconfigured,
    ModelAway,
    RegistryAway,
    StoreAway,
)

FAILED, USAGE, CHECK, CONNECT, TIMEOUT, REFUSED, CONFLICT, INTERRUPTED = 1, 2, 3, 4, 5, 6, 7, 130

#: What an error means to a script; the first class that fits counts.
CODES: Mapping[type[Exception], int] = {
    Misconfigured: USAGE,
    IncompatibleSchema: CHECK,
    BrokerAway: CONNECT,
    RegistryAway: CONNECT,
    ModelAway: CONNECT,
    IndexAway: CONNECT,
    StoreAway: CONNECT,
    ConnectionError: CONNECT,
    TimeoutError: TIMEOUT,
    PermissionError: REFUSED,
    Conflict: CONFLICT,
    AetherError: FAILED,
}


class Entry(NamedTuple):
    """A command: where it is, and its line in the help."""

    place: str
    help: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("cli.demo:demo", "See it work: documents in, a question, its answer, a rebuild."),
    "up": Entry("cli.up:up", "Start the grid on this machine."),
    "down": Entry("cli.running:down", "Stop the grid."),
    "status": Entry("cli.running:status", "Show what runs and where."),
    "doctor": Entry("cli.doctor:doctor", "Check what the grid needs, and say what is missing."),
    "ask": Entry("cli.ask:ask", "Ask the grid a question."),
    "ingest": Entry("cli.ingest:ingest", "Let the grid remember documents or chats."),
    "memory": Entry("cli.memory:memory", "List, search and change what the grid remembers."),
    "run": Entry("cli.run:run", "List runs, or show one from cause to effect."),
    "rebuild": Entry("cli.rebuild:rebuild", "Fold all state anew from the log, and compare."),
    "dlq": Entry("cli.dlq:dlq", "Read and retry dead letters."),
    "topic": Entry("cli.topic:topic", "Create and list the grid's topics."),
    "schema": Entry("cli.schema:schema", "Check and register the event schemas."),
    "config": Entry("cli.config:config", "Show the settings and where they come from."),
    "worker": Entry("cli.roles:worker", "Run processors, all of them or some roles."),
    "gateway": Entry("cli.roles:gateway", "Run the HTTP doors."),
    "bench": Entry("cli.bench:bench", "Measure: `aether bench NAME`."),
    "test": Entry("cli.checks:test", "Run every check of this repository."),
}


class Lazy(click.Group):
    """A group that knows its commands' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
@click.version_option(package_name="aether-grid", prog_name="aether")
def aether(debug: bool) -> None:
    """Aether Grid: an event-sourced grid for models, agents and tools."""
    if debug:
        os.environ["AETHER_DEBUG"] = "1"


def main() -> None:
    """Run the command line and end the process with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        returned = aether.main(args=arguments, prog_name="aether", standalone_mode=False)
    except click.exceptions.Abort:
        return _told(INTERRUPTED, "interrupted", "")
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except tuple(CODES) as error:
        if os.environ.get("AETHER_DEBUG"):
            raise
        code = next(code for kind, code in CODES.items() if isinstance(error, kind))
        return _told(code, str(error), getattr(error, "fix", ""))
    return returned if isinstance(returned, int) else 0


def _told(code: int, what: str, fix: str) -> int:
    click.secho(f"aether: {what}", err=True, fg="red")
    if fix:
        click.echo(f"  fix: {fix}", err=True)
    return code


if __name__ == "__main__":
    main()
