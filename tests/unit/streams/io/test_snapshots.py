"""Snapshots come back as they were, or not at all; what is long is written once."""

import os
from pathlib import Path

from streams.io.snapshots import APART_MIN, KEEP, Place, Snapshot, SnapshotFolder

PLACE = Place("router.2", "aether.sessions.events", "id", 0)
LONG = "w" * APART_MIN


def items(number: int) -> list[object]:
    return [[number, {"weights": {"rows": LONG, "bias": 0.5}, "none": None}], ["session", []]]


def files(root: Path, kind: str) -> list[Path]:
    return sorted(root.rglob(f"*.{kind}"))


def test_a_long_text_lies_apart_once_for_all_snapshots(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    for position in range(KEEP + 2):
        folder.save(PLACE, position, items(position))
    (text,) = files(tmp_path, "text")
    snapshots = files(tmp_path, "jsonl")
    assert text.read_text() == LONG
    assert len(snapshots) == KEEP
    assert all(path.stat().st_size < 300 for path in snapshots)
    assert folder.load(PLACE, 0, 99) == Snapshot(KEEP + 1, items(KEEP + 1))


def test_a_snapshot_whose_long_text_is_lost_or_altered_is_not_there(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    folder.save(PLACE, 1, items(1))
    (text,) = files(tmp_path, "text")
    text.write_text(LONG + "!")
    assert folder.load(PLACE, 0, 9) is None
    text.unlink()
    assert folder.load(PLACE, 0, 9) is None


def test_a_long_text_leaves_with_the_last_snapshot_that_needs_it(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    folder.save(PLACE, 0, items(0))
    (text,) = files(tmp_path, "text")
    os.utime(text, (0, 0))
    for path in files(tmp_path, "jsonl"):
        os.utime(path, (1, 1))
    for position in range(1, KEEP + 1):
        folder.save(PLACE, position, [["short"]])
    assert files(tmp_path, "text") == []


def test_what_looks_like_a_reference_comes_back_only_as_one(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    folder.save(PLACE, 1, [{"$apart": "x", "other": 1}])
    assert folder.load(PLACE, 0, 9) == Snapshot(1, [{"$apart": "x", "other": 1}])
