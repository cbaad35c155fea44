"""A grid as its user meets it: the command line in processes of its own, on free ports."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cli import state
from engines.ports import free_port
from streams.io.sections import Ports
from streams.io.settings import ROOT, Settings, read_settings
from tests.integration.grid.harness import wait_until
from tests.unit.engines.children import wait_for_end

CACHE = "AETHER_CACHE_DIR"
LATE_S = 300.0
SERVICES = {"kafka", "registry", "triton", "worker", "gateway", "archive"}
LOOPBACKS = {"0100007F", "0000000000000000FFFF00000100007F"}  # as /proc/net/tcp and tcp6 write it
LISTEN = "0A"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What it said in JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Front:
    """The command line, with a data directory and ports of its own."""

    def __init__(self, folder: Path, ports: Mapping[str, int] | None = None) -> None:
        self.folder = folder
        self.banner = ""
        self.ports = dict(ports or {name: free_port() for name in Ports.model_fields})
        self.env = {
            **{k: v for k, v in os.environ.items() if k == CACHE or not k.startswith("AETHER_")},
            **{f"AETHER_PORTS__{name.upper()}": str(port) for name, port in self.ports.items()},
            "AETHER_DATA_DIR": str(folder),
        }

    @property
    def settings(self) -> Settings:
        """The settings that its commands have."""
        return read_settings(data_dir=self.folder, ports=Ports(**self.ports))

    def start(
        self, *arguments: str, stdin: int = subprocess.DEVNULL, **variables: str
    ) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=ROOT,
            env={**self.env, **variables},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> Done:
        """Run a command to its end."""
        child = self.start(*arguments, stdin=subprocess.DEVNULL, **variables)
        try:
            out, err = child.communicate(timeout=LATE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise AssertionError(f"{arguments} does not end: {out}{err}") from None
        assert "Traceback" not in err
        return Done(child.returncode, out, err)

    def succeed(self, *arguments: str) -> Done:
        """Run a command that must succeed."""
        done = self.run(*arguments)
        assert done.code == 0, done
        return done

    @property
    def running(self) -> state.Running | None:
        """What the notice says."""
        return state.read(self.settings)

    def is_whole(self) -> bool:
        """Whether every service runs and is ready."""
        running = self.running
        return (
            running is not None
            and running.ready_s is not None
            and set(running.states.items()) == {(name, "ready") for name in SERVICES}
            and set(running.processes) == SERVICES
        )

    def await_whole(self) -> state.Running:
        """Wait until everything runs; return the notice."""
        wait_until(self.is_whole, LATE_S, f"{self.running}")
        running = self.running
        assert running is not None
        return running

    def clean_up(self) -> None:
        """End whatever is left, however the test went."""
        running = self.running
        if running is not None:
            members = family(running.pid)
            os.kill(running.pid, signal.SIGKILL)
            for member in members:
                wait_for_end(member)


def family(pid: int) -> set[int]:
    """Return a process and all that came from it."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue  # it ended meanwhile
        for child in children:
            found |= family(int(child))
    return found


def all_end(pids: set[int]) -> bool:
    """Wait until all of them have ended."""
    return all(map(wait_for_end, pids))


def listening(pid: int) -> set[str]:
    """Return the addresses that a process listens on, as hexadecimal digits."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(str(link.readlink()))
        except OSError:
            continue  # closed meanwhile
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        row[1].partition(":")[0]
        for row in rows
        if row[3] == LISTEN and f"socket:[{row[9]}]" in sockets
    }


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, for as long as a busy machine may take."""
    wait_until(condition, LATE_S, what)
