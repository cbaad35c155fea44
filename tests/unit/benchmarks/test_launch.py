"""What a benchmark starts never outlives it, and says why when it ends early."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks._launch import program
from engines.places import REPOSITORY
from tests.unit.engines.children import wait_for_end

STAYS = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
BENCHMARK = """
import signal, sys
from benchmarks._launch import program
with program(sys.argv[1]) as running:
    print(running.line(), flush=True)
    signal.pause()
"""


def script(folder: Path, code: str) -> str:
    path = folder / "system.py"
    path.write_text(code)
    return str(path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_ends_with_a_benchmark_that_is_killed(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", BENCHMARK, script(tmp_path, STAYS)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
    assert wait_for_end(pid)


def test_a_program_ends_with_its_part_of_a_benchmark(tmp_path: Path) -> None:
    with program(script(tmp_path, STAYS), folder=tmp_path) as running:
        assert running.line() == str(running.pid)
    assert wait_for_end(running.pid)


def test_a_stopped_program_ends_as_well(tmp_path: Path) -> None:
    with program(script(tmp_path, STAYS)) as running:
        running.line()
        running.signal(signal.SIGSTOP)
    assert wait_for_end(running.pid)


def test_what_ends_early_says_why(tmp_path: Path) -> None:
    failing = script(tmp_path, "raise SystemExit('the disk is on fire')")
    with (
        program(failing) as running,
        pytest.raises(RuntimeError, match="ended early:\nthe disk is on fire"),
    ):
        running.line()
