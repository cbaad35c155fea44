"""As much of a partition is read as may hold a run that is meant; all of it, where in doubt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.meant import span_of
from streams.ids import RunId
from streams.io.run_index.database import SqliteDatabase
from streams.io.run_index.index import RunIndex, Stretch
from streams.log import Span

END = 100
ROWS = [
    Stretch(0, "ada", RunId("early"), 0, 9, 9, 1_000, 1_600),
    Stretch(0, "bob", RunId("late"), 20, 31, 29, 2_000, 2_600),
    Stretch(0, "ada", RunId("open"), 40, 45, None, 3_000, None),
    Stretch(1, "eve", RunId("beside"), 5, 8, 8, 2_500, 2_900),
]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[RunIndex]:
    made = RunIndex(SqliteDatabase(tmp_path / "runs.sqlite"), "sessions", "first")
    made.begin({0: Span(0, END), 1: Span(0, END)})
    made.put(ROWS, {0: 60, 1: 60})
    yield made
    made.close()


@pytest.mark.parametrize(
    ("runs", "since_ms", "here", "beside"),
    [
        ((), 0, (0, END), (0, END)),
        ((), 500, (0, END), (5, END)),
        ((), 1_001, (20, END), (5, END)),
        ((), 2_500, (40, END), (5, END)),
        ((), 3_001, (60, END), (60, END)),
        (("late",), 0, (20, 32), (END, END)),
        (("late", "beside"), 0, (20, 32), (5, 9)),
        (("early", "late"), 0, (0, 32), (END, END)),
        (("late", "open"), 0, (20, END), (END, END)),
        (("late", "never"), 0, (0, END), (0, END)),
    ],
)
def test_that_much_is_read(
    index: RunIndex,
    runs: tuple[str, ...],
    since_ms: int,
    here: tuple[int, int],
    beside: tuple[int, int],
) -> None:
    assert span_of(index, 0, END, runs, since_ms) == here
    assert span_of(index, 1, END, runs, since_ms) == beside


def test_without_an_index_everything_is_read(tmp_path: Path) -> None:
    never = RunIndex(SqliteDatabase(tmp_path / "none.sqlite"), "sessions", "first")
    assert span_of(never, 0, END, ("late",), 0) == span_of(never, 0, END, (), 9) == (0, END)


def test_a_partition_that_was_never_read_is_read_whole(index: RunIndex) -> None:
    assert span_of(index, 2, END, (), 1) == (0, END)
