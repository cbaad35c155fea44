"""One suite for the index of runs, in SQLite and in PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engines.ports import LOOPBACK, free_port
from streams.errors import IndexAway
from streams.ids import RunId
from streams.io.run_index.database import Change, Database, PostgresDatabase, SqliteDatabase
from streams.io.run_index.index import RunIndex, Stretch
from streams.log import Span
from tests.contract.postgres_server import postgres_running

TOPIC, OTHER = "sessions", "others"
SPANS = {0: Span(0, 100), 1: Span(5, 50)}
ONE = Stretch(0, "ada", RunId("one"), 3, 9, 9, 1_000, 1_600)
OPEN = Stretch(0, "ada", RunId("open"), 12, 13, None, 2_000, None)
BESIDE = Stretch(1, "bob", RunId("beside"), 5, 6, None, 1_500, None)


class Place(NamedTuple):
    """A database that is there, and one that is not."""

    database: Database
    away: Callable[[], Database]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_running() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def place(request: Any, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        (tmp_path / "file").write_text("this is no database at all, and longer than its head")
        made: Database = SqliteDatabase(tmp_path / "there" / "runs.sqlite")
        yield Place(made, lambda: SqliteDatabase(tmp_path / "file"))
    else:
        url: str = request.getfixturevalue("postgres")
        made = PostgresDatabase(url)
        tables = ("aether_runs", "aether_runs_read")
        made.change([Change(f"drop table if exists {table}") for table in tables])
        nobody = f"postgresql://{LOOPBACK}:{free_port()}/none"
        yield Place(made, lambda: PostgresDatabase(nobody))
    made.close()


def index(place: Place, topic: str = TOPIC, identity: str = "first") -> RunIndex:
    return RunIndex(place.database, topic, identity)


def test_a_new_index_begins_where_the_log_does(place: Place) -> None:
    assert index(place).begin(SPANS) == {0: 0, 1: 5}
    assert index(place).positions() == {}
    assert index(place).find(RunId("one")) == []


def test_what_was_put_is_found_and_reading_goes_on_behind_it(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    made.put([ONE, OPEN], {0: 14})
    made.put([BESIDE], {1: 7})
    assert (made.find(ONE.run), made.find(OPEN.run)) == ([ONE], [OPEN])
    assert (made.rows(0), made.rows(1)) == ([ONE, OPEN], [BESIDE])
    assert index(place).begin(SPANS) == index(place).positions() == {0: 14, 1: 7}


def test_a_run_grows_and_ends_once(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    made.put([OPEN], {0: 14})
    made.put([OPEN._replace(first=20, last=22, ended=21, began_ms=2_500, ended_ms=2_600)], {0: 23})
    whole = OPEN._replace(last=22, ended=21, ended_ms=2_600)
    assert made.find(OPEN.run) == [whole]
    made.put([whole._replace(last=30, ended=29, ended_ms=9_999)], {0: 31})
    assert made.find(OPEN.run) == [whole._replace(last=30)]


def test_to_read_again_what_was_read_changes_nothing(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    for _ in range(2):
        made.put([ONE], {0: 10})
        made.put([OPEN], {0: 14})
    assert made.rows(0) == [ONE, OPEN]


def test_a_range_of_a_stream_is_covered_by_as_few_parts_as_are_near(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    runs = [(0, 4), (10, 14), (11, 20), (90, 95)]
    made.put(
        [Stretch(0, "ada", RunId(f"{a}"), a, b, None, 0, None) for a, b in runs]
        + [Stretch(0, "bob", RunId("30"), 30, 31, None, 0, None), BESIDE],
        {0: 100, 1: 7},
    )
    assert made.cover(0, ["ada"], 0, 100, 0) == [(0, 5), (10, 21), (90, 96)]
    assert made.cover(0, ["ada"], 0, 100, 5) == [(0, 21), (90, 96)]
    assert made.cover(0, ["ada"], 3, 92, 0) == [(3, 5), (10, 21), (90, 92)]
    assert made.cover(0, ["ada", "bob"], 15, 60, 0) == [(15, 21), (30, 32)]
    assert made.cover(0, ["nobody"], 0, 100, 0) == []


def test_a_topic_made_anew_is_not_taken_for_the_one_before(place: Place) -> None:
    first, other = index(place), index(place, OTHER)
    for made in (first, other):
        made.begin(SPANS)
        made.put([ONE, BESIDE], {0: 10, 1: 7})
    again = index(place, identity="second")
    assert again.positions() == {}
    assert again.begin(SPANS) == {0: 0, 1: 5}
    assert again.find(ONE.run) == []
    assert other.find(ONE.run) == [ONE]


def test_records_that_were_lost_are_forgotten(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    made.put([ONE, BESIDE], {0: 101, 1: 7})
    assert made.begin(SPANS) == {0: 0, 1: 5}
    assert made.find(ONE.run) == []


def test_what_was_trimmed_unread_is_passed_over(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    made.put([ONE, BESIDE], {0: 14, 1: 7})
    assert made.begin({0: Span(10, 100), 1: Span(30, 50)}) == {0: 14, 1: 30}


def test_a_put_that_fails_has_put_nothing(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    nowhere: Any = ["no", "offset"]
    with pytest.raises(IndexAway):
        made.put([ONE], {0: nowhere})
    assert (made.rows(0), made.positions()) == ([], {})
    made.put([ONE], {0: 10})
    assert made.find(ONE.run) == [ONE]


def test_threads_may_read_while_one_writes(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)

    def write(n: int) -> None:
        made.put([ONE._replace(run=RunId(f"run {n}"))], {0: n})

    with ThreadPoolExecutor(4) as together:
        list(together.map(write, range(100)))
        found = list(together.map(lambda n: made.find(RunId(f"run {n}")), range(100)))
    assert [len(one) for one in found] == [1] * 100


def test_one_that_was_closed_is_opened_again(place: Place) -> None:
    made = index(place)
    made.begin(SPANS)
    made.put([ONE], {0: 10})
    made.close()
    made.close()
    assert made.find(ONE.run) == [ONE]


def test_a_database_that_is_away_says_so(place: Place) -> None:
    with closing(RunIndex(place.away(), TOPIC, "first")) as made:
        for attempt in (made.positions, lambda: made.begin(SPANS), lambda: made.put([], {})):
            with pytest.raises(IndexAway):
                attempt()


def test_a_file_is_not_made_by_who_only_looks(tmp_path: Path) -> None:
    made = RunIndex(SqliteDatabase(tmp_path / "none" / "runs.sqlite"), TOPIC, "first")
    with pytest.raises(IndexAway, match="not made yet"):
        made.find(ONE.run)
    assert list(tmp_path.iterdir()) == []
