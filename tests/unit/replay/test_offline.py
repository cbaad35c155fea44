"""A replay calls nobody: it runs where every call ends it, and where there is no network."""

import shutil
import subprocess
import sys
from collections.abc import Sequence

import pytest

from streams.io.settings import ROOT

ALONE = ("unshare", "--user", "--map-root-user", "--net")


def offline(*arguments: str, within: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*within, sys.executable, "-m", "tests.unit.replay.offline", *arguments],
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


def test_a_history_is_told_again_where_there_is_no_network() -> None:
    """Also what is no Python, such as the client of a broker, has no way out there."""
    if shutil.which(ALONE[0]) is None or subprocess.run([*ALONE, "true"], check=False).returncode:
        pytest.skip("NOT TESTED: this machine gives no namespace without a network")
    done = offline("alone", within=ALONE)
    assert (done.returncode, done.stdout) == (0, "told again\n"), done.stderr
