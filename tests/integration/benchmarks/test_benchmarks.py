"""Every benchmark runs, at a tiny size, and its figures have the promised shape.

What `clients` measures is run, smaller, by `tests/integration/clients`.
"""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from benchmarks._page import CHROMIUM
from engines.places import REPOSITORY

pytestmark = pytest.mark.integration


def figures(name: str, *arguments: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / f"{name}.py"), *arguments]
    done = subprocess.run(
        [*command, "--rounds", "1", "-o", "json"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, dict[str, Any]] = json.loads(done.stdout)
    assert next(iter(told)) == "aether"
    assert all(isinstance(value, (int, float)) for row in told.values() for value in row.values())
    return told


def test_the_processor_benchmark_tells_rate_and_cpu_of_every_system() -> None:
    told = figures("processor", "--events", "2000")
    assert set(told) == {
        "aether",
        "raw confluent-kafka",
        "raw, values alone",
        "raw aiokafka",
        "Quix Streams",
        "stock Faust, dict",
        "stock Faust, table",
    }
    names = {"events_per_s", "cpu_us_per_event", "aether_times_this"}
    assert all(set(row) == names for row in told.values())


def test_the_rebuild_benchmark_tells_both_rates() -> None:
    told = figures("rebuild", "--records", "2000")
    assert set(told) == {"aether", "Faust table recovery"}
    names = {"records_per_s", "records_per_core_s", "aether_times_this"}
    assert all(set(row) == names for row in told.values())


def test_the_request_benchmark_tells_percentiles_and_stages() -> None:
    told = figures("request", "--scale", "0.05")
    assert set(told) == {"aether", "chain by hand", "hops alone", "stages of aether, ms"}
    one = {f"{name}_1" for name in ("p50_ms", "p95_ms", "p99_ms", "requests_per_s", "cpu_ms")}
    assert one <= set(told["aether"]) & set(told["chain by hand"])
    assert len(told["stages of aether, ms"]) == 8


def test_the_gateway_benchmark_tells_both_doors() -> None:
    told = figures("gateway", "--scale", "0.05")
    assert set(told) == {"aether", "LiteLLM proxy"}
    names = {"p50_ms", "p95_ms", "p99_ms", "requests_per_s", "requests_per_core"}
    both = {f"{name}_{clients}" for name in names for clients in (1, 16)}
    assert all(both <= set(row) for row in told.values())
    assert told["aether"]["times_litellm_per_core_16"] > 0


def test_the_encoder_benchmark_tells_rates_batches_and_that_no_batch_changes_a_vector() -> None:
    told = figures("encoder", "--count", "96")
    assert set(told) == {
        "aether",
        "onnxruntime, a thread a client",
        "onnxruntime, whole batches",
    }
    for clients in (1, 8, 32):
        names = {f"{name}_{clients}" for name in ("texts_per_s", "cpu_ms", "p50_ms")}
        assert all(names <= set(row) for row in told.values())
    assert told["aether"]["batch_1"] == 1
    assert told["aether"]["batch_32"] > 2
    assert all(row["cosine_min"] >= 0.999999 for row in told.values())


def test_the_console_benchmark_tells_first_rows_and_interactions() -> None:
    if not any(map(shutil.which, CHROMIUM)):
        pytest.skip("chromium is not installed: apt install chromium")
    told = figures("console", "--runs", "400", "--long", "400")
    assert set(told) == {"aether"}
    names = {name.removesuffix("_ms").removesuffix("_p95") for name in told["aether"]}
    first = {"runs_first_rows", "run_first_rows", "records_first_rows", "opened_run_first_rows"}
    within = {"run_timeline", "run_lanes", "run_thread", "run_tree", "run_moment", "run_choose"}
    among = {"runs_choose", "runs_scroll", "runs_search", "run_scroll"}
    assert names == {"worst_first_rows", "worst_interaction", *first, *within, *among}
