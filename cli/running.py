"""`aether down` and `aether status`: the grid that runs on this data directory."""

import os
import signal
import time

import click

from cli import state
from cli.output import emit_one, formatted, say
from engines.probe import http_answers
from streams.io.settings import read_settings

STOP_S = 90.0


@click.command()
def down() -> None:
    """Stop the grid; everything accepted is kept."""
    settings = read_settings()
    running = state.read(settings)
    if running is None:
        say(f"no grid runs on {settings.data_dir}")
        return
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while state.lives(running.pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {running.pid} does not end; see {settings.data_dir}/logs")
        time.sleep(0.1)
    say("stopped")


@click.command()
@formatted
def status(output: str) -> int:
    """Show what runs and where; exit code 1 if nothing does."""
    settings = read_settings()
    running = state.read(settings)
    if running is None:
        emit_one(output, {"running": False}, f"no grid runs on {settings.data_dir}")
        return 1
    ready = http_answers(settings.ports.gateway, "/readyz")
    row = {"running": True, "ready": ready, "data": str(settings.data_dir), **running._asdict()}
    lines = [f"{'ready' if ready else 'NOT READY'}, process {running.pid}"]
    lines += [f"  {name:9} {address}" for name, address in running.addresses.items()]
    lines += [f"  {name:9} process {pid}" for name, pid in running.processes.items()]
    lines.append(f"  data      {settings.data_dir}")
    emit_one(output, row, "\n".join([*lines, *(f"  note      {n}" for n in running.notes)]))
    return 0 if ready else 1
