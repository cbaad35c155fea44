"""`aether up`: starts and supervises the grid on this machine until it is asked to stop."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from cli import state
from cli.banner import banner
from cli.codes import INTERRUPTED
from cli.grid import WORKER, helper, logs, services
from cli.notice import Notice
from cli.output import say
from engines.console import build_console, console_directory
from engines.install import install
from engines.lease import lease
from engines.places import cache_directory
from engines.progress import Console, silent
from engines.signals import StopSignals
from engines.supervisor import Supervisor
from streams.errors import AetherError
from streams.io.settings import ROOT, Settings, read_settings

PACE_S = 0.2


@click.command()
@click.option("--detach", is_flag=True, help="Return once it is ready; it runs on by itself.")
@click.option("--no-banner", is_flag=True, hidden=True)
def up(detach: bool, no_banner: bool) -> int:
    """Start the grid on this machine.

    It runs until Ctrl-C, or with --detach until `aether down`.
    """
    settings = read_settings()
    if detach:
        start_detached(settings)
        return 0
    return run_here(settings, show=not no_banner)


def start_detached(settings: Settings) -> state.Running:
    """Start a grid that outlives this command, and wait until it is ready.

    Ends this process, once it was shown why, with the code of one that does not become ready.
    """
    state.home(settings)
    log = logs(settings) / "up.log"
    with log.open("ab") as output:  # another one's lines stay: perhaps it runs
        shown = output.tell()
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", "up", "--no-banner"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        running = _await(settings, child, log, shown)
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    click.echo(banner(settings, running))
    return running


def run_here(settings: Settings, *, show: bool = True) -> int:
    """Run the grid in this process's foreground; `show` the banner once it is ready.

    Returns the command's exit code: an end that was asked for is no failure, unless it came early.
    """
    state.home(settings)
    with lease(state.lease_file(settings), f"the data directory {settings.data_dir}"):
        state.hold_file(settings).unlink(missing_ok=True)
        notice = Notice(settings)
        try:
            return _run(settings, notice, show)
        finally:
            state.remove(settings)


def _run(settings: Settings, notice: Notice, show: bool) -> int:
    installed = install(cache_directory(os.environ), Console(sys.stderr))
    notice.installed(installed.no_triton)
    wanted = services(settings, installed)
    with StopSignals() as asked, Supervisor(wanted, notice.heard) as supervisor:
        supervisor.tick()  # they are on their way; what we import now takes less than Kafka does
        from cli.capabilities import offer_capabilities
        from cli.hands import Hands
        from cli.staff import Staff

        if not supervisor.start(lambda: asked.stop):
            say("stopped before it was ready")
            return INTERRUPTED
        offer_capabilities(settings)
        notice.is_ready()
        if show:
            click.echo(banner(settings, notice.running))
        threading.Thread(target=_build_console, daemon=True).start()
        try:
            worker = next(service for service in wanted if service.name == WORKER)
            staff = Staff(supervisor, lambda number: helper(settings, worker, number))
            with Hands(settings) as hands:
                _watch(settings, supervisor, notice, asked, lambda: hands.act(staff))
        finally:
            say("stopping; what was accepted is in the log")
            supervisor.stop(hurry=lambda: asked.hurry)
    return 0


def _watch(
    settings: Settings,
    supervisor: Supervisor,
    notice: Notice,
    asked: StopSignals,
    act: Callable[[], None],
) -> None:
    """Keep everything running but what is held, do what is asked for, and keep the notice true."""
    file = state.hold_file(settings)
    while not asked.stop:
        held = file.read_text().split() if file.exists() else []
        supervisor.hold([*held, *(supervisor.helpers if WORKER in held else ())])
        act()
        supervisor.tick()
        notice.keep(supervisor)
        time.sleep(PACE_S)


def _build_console() -> None:
    """Build the console if this is the first start of its version; the grid waits for nothing."""
    cache = cache_directory(os.environ)
    if console_directory(cache).exists():
        return
    say("building the console, this once; the grid is ready meanwhile")
    try:
        build_console(cache, silent, os.environ)
        say("the console is built")
    except AetherError as exc:
        say(f"{exc}\n{exc.fix}")


def _await(
    settings: Settings, child: "subprocess.Popen[bytes]", log: Path, shown: int
) -> state.Running:
    """Wait until the child's grid is ready, passing on the lines that it says meanwhile."""
    while True:
        code, running = child.poll(), state.read(settings)
        with log.open("rb") as file:
            file.seek(shown)
            said = file.read()
        said = said[: said.rfind(b"\n") + 1]
        shown += len(said)
        for line in said.decode(errors="replace").splitlines():
            say(line)
        if running is not None and running.pid == child.pid and running.ready_s is not None:
            return running
        if code is not None:
            sys.exit(code or 1)
        time.sleep(PACE_S)
