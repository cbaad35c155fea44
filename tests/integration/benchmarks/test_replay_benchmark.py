"""The benchmark of replay runs as `aether bench replay` runs it, at a tiny size."""

import json
import subprocess
import sys

import pytest

from streams.io.settings import ROOT

pytestmark = pytest.mark.integration

OURS = {
    *("records_per_s", "records_per_core_s", "folds_per_core_s", "evolves_per_core_s"),
    *("verify_per_s", "verify_per_core_s", "state_p50_s", "state_max_s", "state_max_core_s"),
    *("whatif_of_10000_s", "whatif_of_10000_core_s", "whatif_waiting_for_a_core_s"),
    "aether_times_this",
}
BACK = {
    *("cold_s", "cold_core_s", "recover_s", "recover_core_s", "index_core_s"),
    *("found_p50_s", "found_max_s", "run_p50_s", "run_max_s"),
}


def test_the_replay_benchmark_tells_what_history_takes() -> None:
    arguments = (
        "bench",
        "replay",
        "--events",
        "2000",
        "--sizes",
        "3000",
        "--rounds",
        "1",
        "-o",
        "json",
    )
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
    assert list(told) == ["aether", "Faust table recovery", "aether, 3,000 events"]
    assert set(told["aether"]) == OURS
    assert set(told["aether, 3,000 events"]) == BACK
    times = [*told["aether"].values(), *told["aether, 3,000 events"].values()]
    assert all(value > 0 for value in times)
