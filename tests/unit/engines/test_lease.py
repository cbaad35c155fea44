"""A lease has one holder, and ends with it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engines.lease import lease, turn
from streams.errors import Conflict

HOLDS = """
import sys, signal
from pathlib import Path
from engines.lease import lease
with lease(Path(sys.argv[1]), "the grid"):
    print("held", flush=True)
    signal.pause()
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_holder_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "lease"
    child = holder(path)
    try:
        refused = pytest.raises(Conflict, match=f"the grid .* process {child.pid}")
        with refused, lease(path, "the grid"):
            pass
    finally:
        child.kill()
        child.communicate()


def test_a_lease_ends_with_its_holder_even_if_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    child = holder(path)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert path.read_text().strip() == str(child.pid), "the file of a dead holder stays"
    with lease(path, "the grid"):
        assert path.read_text().strip() == str(os.getpid())


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    refused = pytest.raises(Conflict, match=str(os.getpid()))
    with lease(path, "the grid"), refused, lease(path, "the grid"):
        pass
    with lease(path, "the grid"):
        pass


def test_a_turn_comes_after_the_holder_before(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        def waiting(pid: str) -> None:
            order.append(f"waiting for {pid}")
            waits.set()

        with turn(path, waiting):
            order.append("second")

    with turn(path, lambda _pid: order.append("never")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(20)
        thread.join(0.2)  # returns at once if the second did not wait
        order.append("first")
    thread.join(20)
    assert order == [f"waiting for {os.getpid()}", "first", "second"]


def test_a_turn_lasts_as_long_as_a_child_that_shares_it(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    with turn(path, lambda _pid: None) as held:
        child = subprocess.Popen(
            [sys.executable, "-IS", "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[held]
        )
    with pytest.raises(Conflict), lease(path, "the grid"):
        pass
    child.communicate(b"go\n")
    with lease(path, "the grid"):
        pass
