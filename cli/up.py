"""`aether up`: starts and supervises the grid on this machine until it is asked to stop."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from cli import state
from cli.banner import banner
from cli.capabilities import offer_capabilities
from cli.grid import services
from cli.output import say
from engines.install import install
from engines.lease import lease
from engines.places import cache_directory
from engines.progress import Console
from engines.supervisor import Supervisor
from engines.ward import State
from streams.io.settings import ROOT, Settings, read_settings

PACE_S = 0.2


@click.command()
@click.option("--detach", is_flag=True, help="Return once it is ready; it runs on by itself.")
@click.option("--no-banner", is_flag=True, hidden=True)
def up(detach: bool, no_banner: bool) -> None:
    """Start the grid on this machine.

    It runs until Ctrl-C, or with --detach until `aether down`.
    """
    settings = read_settings()
    if detach:
        start_detached(settings)
    else:
        run_here(settings, show=not no_banner)


def start_detached(settings: Settings) -> state.Running:
    """Start a grid that outlives this command, and wait until it is ready.

    Raises EngineFailed with what it said if it does not become ready.
    """
    log = settings.data_dir / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", "up", "--no-banner"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = _await(settings, child, log)
    click.echo(banner(settings, running))
    return running


def run_here(settings: Settings, *, show: bool = True) -> None:
    """Run the grid in this process's foreground; `show` the banner once it is ready."""
    stop = _Signals()
    with lease(state.lease_file(settings), f"the data directory {settings.data_dir}"):
        installed = install(cache_directory(os.environ), Console(sys.stderr))
        began = time.monotonic()
        wanted = services(settings, installed)
        with Supervisor(wanted, _report) as supervisor:
            if not supervisor.start(stop):
                return
            offer_capabilities(settings)
            running = _notice(settings, installed.no_triton, began)
            state.hold_file(settings).unlink(missing_ok=True)
            if show:
                click.echo(banner(settings, running))
            try:
                _watch(settings, supervisor, running, stop)
            finally:
                state.remove(settings)
                say("stopping; what was accepted is in the log")
                supervisor.stop(hurry=stop.twice)


def _watch(
    settings: Settings, supervisor: Supervisor, running: state.Running, stop: "_Signals"
) -> None:
    """Keep everything running but what is held, and the notice true."""
    held = state.hold_file(settings)
    written = None
    while not stop():
        supervisor.hold(held.read_text().split() if held.exists() else [])
        supervisor.tick()
        now = running._replace(processes=supervisor.pids())
        if now != written:
            state.write(settings, now)
            written = now
        time.sleep(PACE_S)


class _Signals:
    """Counts how often somebody asked for the end."""

    def __init__(self) -> None:
        self._asked = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def __call__(self) -> bool:
        return self._asked > 0

    def twice(self) -> bool:
        """Whether patience is over."""
        return self._asked > 1

    def _ask(self, *_: object) -> None:
        self._asked += 1


def _report(service: str, entered: State, seconds: float) -> None:
    if entered is State.READY:
        say(f"  {service} ready after {seconds:.1f} s")
    elif entered is State.RESTING:
        say(f"  {service} died and is started again", fg="yellow")


def _notice(settings: Settings, no_triton: str | None, began: float) -> state.Running:
    notes = (f"models run inside the worker: {no_triton}",) if no_triton else ()
    addresses = {
        "gateway": settings.gateway_url,
        "kafka": settings.bootstrap,
        "registry": settings.registry_url,
        "triton": settings.triton_address if not no_triton else "in the worker",
    }
    return state.Running(os.getpid(), round(time.monotonic() - began, 1), addresses, notes, {})


def _await(settings: Settings, child: "subprocess.Popen[bytes]", log: Path) -> state.Running:
    shown = 0
    while True:
        told = log.read_text(errors="replace")
        for line in told[shown:].splitlines():
            say(line)
        shown = len(told)
        running = state.read(settings)
        if running is not None and running.pid == child.pid:
            return running
        if child.poll() is not None:
            sys.exit(child.returncode)
        time.sleep(PACE_S)
