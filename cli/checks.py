"""`aether test`: every check of the repository, in the order that fails soonest."""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click

from cli.output import say
from streams.io.settings import ROOT

PACKAGES = ("streams", "processors", "replay", "gateway", "cli", "engines")
CODE = (*PACKAGES, "clients/python/aether_grid", "benchmarks", "tests")


class Check(NamedTuple):
    """A check: what it is called, and the command of our environment that makes it."""

    name: str
    command: tuple[str, ...]


CHECKS = (
    Check("format", ("ruff", "format", "--check")),
    Check("lint", ("ruff", "check")),
    Check("types", ("mypy", *CODE)),
    Check("imports", ("lint-imports", "--no-cache")),
    Check("tests", ("pytest",)),
)
# Integration tests mostly wait for servers: two files at a time fill two cores. What was skipped
# for want of a program is told at the end.
WHOLE_RUN = ("--durations=12", "-rs", "--numprocesses=2", "--dist=loadfile")


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--fast", is_flag=True, help="Leave out the tests that start engines.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(fast: bool, arguments: tuple[str, ...]) -> int:
    """Run every check; further arguments go to pytest, and then it alone is run."""
    wanted = CHECKS[-1:] if arguments else CHECKS
    failed = [check.name for check in wanted if not _passes(check, fast, arguments)]
    say(f"failed: {', '.join(failed)}" if failed else "everything passed", bold=True)
    return 1 if failed else 0


def _passes(check: Check, fast: bool, arguments: tuple[str, ...]) -> bool:
    began = time.monotonic()
    tool, *given = check.command
    command = [str(Path(sys.executable).with_name(tool)), *given]
    if check.name == "tests":
        command += [*(arguments or WHOLE_RUN), *(("-m", "not integration") if fast else ())]
    say(f"== {check.name}", bold=True)
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - tools of our own lock
    result = "FAILED" if done.returncode else "ok"
    say(f"== {check.name}: {result}, {time.monotonic() - began:.0f} s")
    return done.returncode == 0
