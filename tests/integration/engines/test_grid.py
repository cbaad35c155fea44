"""All engines together: on loopback only, and gone with whoever started them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.install import Installed
from engines.places import REPOSITORY
from tests.integration.engines.test_triton import repository
from tests.unit.engines.children import wait_for_end

__all__ = ["repository"]

pytestmark = pytest.mark.integration

GRID = Path(__file__).with_name("small_grid.py")
LOOPBACKS = {"0100007F", "0000000000000000FFFF00000100007F"}  # as /proc/net/tcp and tcp6 write it
LISTEN = "0A"


@pytest.fixture
def grid(
    installed: Installed, repository: Path, tmp_path: Path
) -> Iterator["subprocess.Popen[str]"]:
    """A process that supervises all engines and prints their process ids once they are ready."""
    child = subprocess.Popen(
        [sys.executable, str(GRID), str(tmp_path), str(repository)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        yield child
    finally:
        child.terminate()
        child.communicate(timeout=120)


def pids(grid: "subprocess.Popen[str]") -> dict[str, int]:
    assert grid.stdout is not None
    told: dict[str, int] = json.loads(grid.stdout.readline())
    return told


def family(pid: int) -> set[int]:
    """A process and all that came from it."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= family(int(child))
    return found


def listening(pid: int) -> set[str]:
    """The addresses that a process listens on, as hexadecimal digits."""
    links = [link for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    sockets = {str(link.readlink()) for link in links}
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


def test_every_engine_listens_on_loopback_only(grid: "subprocess.Popen[str]") -> None:
    for name, pid in pids(grid).items():
        addresses = set().union(*(listening(member) for member in family(pid)))
        assert addresses, f"{name} listens somewhere"
        assert addresses <= LOOPBACKS, name


def test_all_of_it_is_gone_when_its_supervisor_is_killed(grid: "subprocess.Popen[str]") -> None:
    members = set().union(*(family(pid) for pid in pids(grid).values()))
    grid.kill()
    grid.wait()
    for member in members:
        assert wait_for_end(member), member


def test_a_request_to_stop_ends_all_of_it_in_order(grid: "subprocess.Popen[str]") -> None:
    members = set().union(*(family(pid) for pid in pids(grid).values()))
    grid.send_signal(signal.SIGTERM)
    out, _ = grid.communicate(timeout=120)
    assert grid.returncode == 0
    ended = out.split()
    assert set(ended) == {"kafka", "registry", "triton"}
    assert ended.index("registry") < ended.index("kafka")
    for member in members:
        assert wait_for_end(member), member
