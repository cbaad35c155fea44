"""`aether down` and `aether status`: the grid that runs on this data directory."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException

import click

from cli import kept, state
from cli.grid import WORKER
from cli.output import emit_one, formatted, say
from streams.io.sections import LOOPBACK
from streams.io.settings import Settings, read_settings

STOP_S = 90.0
ANSWER_S = 2.0
READY = "ready"


@click.command()
def down() -> None:
    """Stop the grid; everything accepted is kept."""
    if not stop_grid(read_settings()):
        say(f"no grid runs on {read_settings().data_dir}")


def stop_grid(settings: Settings) -> bool:
    """Stop the grid that runs here and wait for its end; False if there is none.

    Raises TimeoutError if it does not end.
    """
    running = state.read(settings)
    if running is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while state.lives(running):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {running.pid} does not end; see {settings.data_dir}/logs")
        time.sleep(0.1)
    say("stopped")
    return True


@click.command()
@formatted
def status(output: str) -> int:
    """Show what runs and where; exit code 1 if nothing does, or not all of it."""
    settings = read_settings()
    running = state.read(settings)
    if running is None:
        text = f"no grid runs on {settings.data_dir}; `aether up` starts one"
        emit_one(output, {"running": False, "ready": False, "data": str(settings.data_dir)}, text)
        return 1
    reasons = list(_reasons(settings, running))
    told = {"running": True, READY: not reasons, "reasons": reasons}
    row = {**told, "data": str(settings.data_dir), **running._asdict()}
    row["archive"] = kept.known(settings)
    emit_one(output, row, _text(settings, running, reasons))
    return 1 if reasons else 0


def _text(settings: Settings, running: state.Running, reasons: list[str]) -> str:
    lines = [f"{'NOT READY' if reasons else READY}, process {running.pid}"]
    lines += [f"  because   {reason}" for reason in reasons]
    beside = {**running.addresses, "archive": kept.shown(settings)}
    for name in dict.fromkeys((*running.addresses, *running.states)):
        pid = running.processes.get(name)
        process = "" if pid is None else f"process {pid}"
        doing = running.states.get(name, "")
        row = f"  {name:9} {doing:9} {process:15} {beside.get(name, '')}"
        lines.append(row.rstrip())
    lines += [f"  data      {settings.data_dir}", f"  logs      {settings.data_dir / 'logs'}"]
    return "\n".join([*lines, *(f"  note      {note}" for note in running.notes)])


def _reasons(settings: Settings, running: state.Running) -> Iterator[str]:
    """Say what keeps the grid from being ready."""
    logs = settings.data_dir / "logs"
    if running.ready_s is None and not running.states:
        yield "what it runs on is being installed"
    for name, doing in running.states.items():
        if doing != READY and not name.startswith(f"{WORKER}-"):  # nobody needs one that helps
            yield f"{name} is {doing}; see {logs / name}.log"
    if running.states.get("gateway") == READY:
        yield from _unready(settings.ports.gateway)


def _unready(port: int) -> Iterator[str]:
    """Ask the gateway what it lacks."""
    try:
        with closing(HTTPConnection(LOOPBACK, port, timeout=ANSWER_S)) as connection:
            connection.request("GET", "/readyz?verbose")
            checks = json.loads(connection.getresponse().read())["checks"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as exc:
        yield f"the gateway on port {port} does not answer ({type(exc).__name__})"
        return
    for name, said in checks.items():
        if said != "ok":
            yield f"the gateway says of {name}: {said}"
