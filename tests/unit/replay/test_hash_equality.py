"""State is the same however history is folded: over hundreds of histories, hash by hash."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from streams.io.settings import ROOT
from tests.unit.processors.crash_world import World
from tests.unit.processors.toy_events import TOPIC
from tests.unit.replay.hashing import (
    DECIDERS,
    Sliced,
    archived,
    digest,
    history,
    interleaved,
    rebuilt,
)

SEEDS = range(208)
GROUP = 4


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    folder = tmp_path_factory.mktemp("worlds")
    return [history(seed, folder) for seed in SEEDS]


@pytest.fixture(scope="module")
def hashes(worlds: list[World], tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The hashes of every history, by folding it from the front in one piece."""
    folder = tmp_path_factory.mktemp("fresh")
    return [
        [one.after for one in rebuilt(world, Sliced(world, 1_000), folder / str(seed))]
        for seed, world in enumerate(worlds)
    ]


def test_histories_differ(hashes: list[list[str]]) -> None:
    assert len({one for pair in hashes for one in pair}) > len(SEEDS)


@pytest.mark.parametrize("size", [1, 3, 17])
def test_no_batch_size_changes_a_hash(
    worlds: list[World], hashes: list[list[str]], size: int, tmp_path: Path
) -> None:
    for seed, world in enumerate(worlds):
        found = rebuilt(world, Sliced(world, size), tmp_path / str(seed))
        assert [one.after for one in found] == hashes[seed], f"seed {seed}"


def test_no_snapshot_changes_a_hash(
    worlds: list[World], hashes: list[list[str]], tmp_path: Path
) -> None:
    """What a worker had written down, with the log behind it, comes to the same."""
    shortened = 0
    for seed, world in enumerate(worlds):
        for one, hashed in zip(
            rebuilt(world, Sliced(world, 1_000), tmp_path / str(seed)), hashes[seed], strict=True
        ):
            assert one.before in (None, hashed), f"seed {seed}"
            shortened += one.before is not None
    assert shortened > len(SEEDS) * len(DECIDERS) // 2


def test_no_seam_changes_a_hash(
    worlds: list[World], hashes: list[list[str]], tmp_path: Path
) -> None:
    """Wherever the log was cut, the archive before it and a worker's snapshots lead to the same."""
    chance, shortened = Random(7), 0
    for seed, world in enumerate(worlds):
        log = archived(world, chance)
        found = rebuilt(world, log, tmp_path / str(seed))
        assert log.live.span(TOPIC.name, 0).first > 0
        assert [one.after for one in found] == hashes[seed], f"seed {seed}"
        for one in found:
            assert one.before in (None, one.after), f"seed {seed}"
            shortened += one.before is not None
    assert shortened > len(SEEDS) * len(DECIDERS) // 2


@pytest.mark.parametrize("workers", [1, 2, 3, GROUP])
def test_no_order_of_partitions_and_no_number_of_workers_changes_a_hash(
    worlds: list[World], hashes: list[list[str]], workers: int
) -> None:
    chance = Random(workers)
    for at in range(0, len(SEEDS), GROUP):
        found = interleaved(worlds[at : at + GROUP], workers, chance)
        assert found == hashes[at : at + GROUP], f"seeds from {at}"


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"},
    ],
    ids=lambda variables: variables["TZ"],
)
def test_no_hash_seed_time_zone_or_locale_changes_a_hash(
    variables: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.replay.hashing", str(SEEDS.start), str(SEEDS.stop)],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest(SEEDS, tmp_path)
