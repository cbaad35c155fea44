"""The root of the command line; each command's module is imported when it is called.

Exit codes: 0 ok, 1 failed, 2 usage, 3 a check failed, 4 cannot connect, 5 timeout, 6 refused,
7 conflict, 130 interrupted. Without --debug nobody sees a traceback.
"""

import difflib
import importlib
import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple

import click

from cli.codes import CODES, CONNECT, INTERRUPTED, code_of
from streams.io.variables import anchor_paths

DEBUG = "AETHER_DEBUG"


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
    "feedback": Entry("cli.feedback:feedback", "Say what a routing decision was worth."),
    "router": Entry("cli.router:router", "Show, steer and take back what routes by meaning."),
    "subscribe": Entry("cli.subscribe:subscribe", "Let a node hear of texts like a sentence."),
    "rebuild": Entry("cli.rebuild:rebuild", "Fold all state anew from the log, and compare."),
    "verify": Entry("cli.verify:verify_", "Decide every recorded input again, and compare."),
    "state": Entry("cli.travel:state", "Show a state as it was at any event, offset or time."),
    "fork": Entry("cli.fork:fork", "Tell a run again with one thing changed."),
    "whatif": Entry("cli.whatif:whatif_", "Apply one change to many recorded runs."),
    "diff": Entry("cli.diff:diff_", "Compare two runs or forks."),
    "archive": Entry("cli.archive:archive", "Seal the log, prove it, and trim what is proven."),
    "export": Entry("cli.export:export", "Make training data of recorded runs."),
    "sql": Entry("cli.sql:sql", "Ask in SQL about everything that happened."),
    "anomalies": Entry("cli.anomalies:anomalies", "Show what is unusual, and why."),
    "healing": Entry("cli.healing:healing", "Allow what may be done about trouble; show what was."),
    "lag": Entry("cli.lag:lag", "Show whether every consumer group keeps up."),
    "dlq": Entry("cli.dlq:dlq", "Read and retry dead letters."),
    "produce": Entry("cli.produce:produce", "Append events, from lines of JSON."),
    "consume": Entry("cli.consume:consume", "Show a topic's events as they come."),
    "topic": Entry("cli.topic:topic", "Create and list the grid's topics."),
    "schema": Entry("cli.schema:schema", "Check and register the event schemas."),
    "capability": Entry("cli.capabilities:capability", "Offer what the grid can do."),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; for one that is not there, name a near one."""
        near = [] if args[0] in COMMANDS else difflib.get_close_matches(args[0], COMMANDS, 1)
        if near:
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda _context, _option, wanted: wanted and os.environ.update({DEBUG: "1"}),
    help="Show a traceback when something fails.",
)
@click.version_option(package_name="aether-grid", prog_name="aether")
@click.pass_context
def aether(context: click.Context) -> None:
    """Aether Grid: an event-sourced grid for models, agents and tools."""
    if os.environ.get("NO_COLOR"):
        context.color = False


def main() -> None:
    """Run the command line and end the process with its code."""
    sys.excepthook = _unexpected
    anchor_paths()
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
        if os.environ.get(DEBUG):
            raise
        return _failed(error)
    return returned if isinstance(returned, int) else 0


def _failed(error: Exception) -> int:
    code, fix = code_of(error), getattr(error, "fix", "")
    if code == CONNECT and _nothing_runs():
        fix = "start the grid: `aether up --detach`"
    return _told(code, str(error), fix)


def _nothing_runs() -> bool:
    """Whether the grid of this machine, if it should be one, is not there."""
    from cli import state
    from streams.io.settings import read_settings

    settings = read_settings()
    return settings.kafka.bootstrap is None and state.read(settings) is None


def _told(code: int, what: str, fix: str) -> int:
    click.secho(f"aether: {what}", err=True, fg="red")
    if fix:
        click.echo(f"  fix: {fix}", err=True)
    return code


def _unexpected(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say what nobody thought of in one line; a mistake of ours has no better one."""
    if os.environ.get(DEBUG):
        sys.__excepthook__(kind, error, trace)
    else:
        said = f"{kind.__name__}: {error}"
        _told(
            1, f"a mistake of this program: {said}", "report it with what `aether --debug …` says"
        )


if __name__ == "__main__":
    main()
