"""The vectors that are checked in are those that the grid's own floors write."""

import json
from typing import Any

import pytest

from streams.io.schemas import event_classes, full_name
from tests.conformance import record


@pytest.mark.parametrize("name", record.VECTORS)
def test_the_vectors_are_what_the_grid_writes(name: str) -> None:
    written = (record.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert written == record.text_of(name), "run `python -m tests.conformance.record`"


def test_there_is_nothing_else() -> None:
    assert {path.stem for path in record.FOLDER.iterdir()} == set(record.VECTORS)


def test_every_event_has_a_vector() -> None:
    told: Any = json.loads((record.FOLDER / "events.json").read_text(encoding="utf-8"))
    assert {one["event"] for one in told["events"]} == set(map(full_name, event_classes()))


def test_there_are_ten_thousand_keys_in_every_partition_and_in_many_scripts() -> None:
    told: Any = json.loads((record.FOLDER / "partitions.json").read_text(encoding="utf-8"))
    for count, digits in told["partitions"].items():
        assert (len(digits), len(set(digits))) == (record.KEYS, int(count))
    assert sum(not word.isascii() for word in told["words"]) >= 5
