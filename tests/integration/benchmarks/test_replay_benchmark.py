"""The benchmark of replay runs as `aether bench replay` runs it, at a tiny size."""

import json
import subprocess
import sys

import pytest

from streams.io.settings import ROOT

pytestmark = pytest.mark.integration

OURS = {
    *("records_per_s", "records_per_core_s", "verify_per_s", "verify_per_core_s"),
    *("state_p50_s", "state_max_s", "state_max_core_s", "recover_s"),
    *("whatif_of_10000_s", "whatif_of_10000_core_s", "aether_times_this"),
}


def test_the_replay_benchmark_tells_what_history_takes() -> None:
    arguments = ("bench", "replay", "--events", "2000", "--rounds", "1", "-o", "json")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert list(told) == ["aether", "Faust table recovery"]
    assert set(told["aether"]) == OURS
    assert all(value > 0 for value in told["aether"].values())
