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
from tests.integration.grid.front import LOOPBACKS, family, listening
from tests.unit.engines.children import wait_for_end

__all__ = ["repository"]

pytestmark = pytest.mark.integration

GRID = Path(__file__).with_name("small_grid.py")


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
