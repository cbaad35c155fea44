"""A replay calls nobody: it runs where every call to the outside ends the process."""

import subprocess
import sys

from streams.io.settings import ROOT


def offline(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.unit.replay.offline", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_history_is_told_again_where_nobody_can_be_called() -> None:
    done = offline()
    assert (done.returncode, done.stdout) == (0, "told again\n"), done.stderr


def test_whoever_calls_there_is_caught() -> None:
    assert offline("call").returncode == 9
