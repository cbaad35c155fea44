"""A log with an index of its runs tells what it does without, however far the index has read."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.systems.history import History, open_wire
from streams.envelope import CORRELATION
from streams.ids import RunId
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.run_index.database import SqliteDatabase
from streams.io.run_index.index import RunIndex
from streams.io.run_index.indexer import Indexer
from streams.io.run_index.log import IndexedLog
from streams.io.runs import events_of
from streams.log import Draft, Record
from streams.topics import GRID_KEY, MEMORY, SESSIONS

TOPIC = SESSIONS.name
KEYS = (b"ada", b"bob", GRID_KEY.encode(), b"\xff", b"with\0zero", None)
RUNS = (None, b"one", b"two", b"\xfe", b"with\0zero", b"@3")

WIRE = open_wire(DirectoryStore(Path("/nonexistent")))
HISTORY = list(History(WIRE).records(400))


class Counted(MemoryLog):
    """A log that counts what is read of it."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.records = 0

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        for records in super().read(topic, partition, start, end):
            self.records += len(records)
            yield records


@contextmanager
def indexed(
    drafts: Sequence[Draft], upto: int | None = None, gap: int = 0
) -> Iterator[tuple[Counted, IndexedLog]]:
    """Yield a log of these records, and the same with an index that has read some of them."""
    broker = MemoryBroker({TOPIC: SESSIONS.partitions, MEMORY.name: 1})
    for draft in drafts:
        broker.land(draft)
    live, store = Counted(broker), DirectoryStore(Path("/nonexistent"))
    with TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "runs.sqlite")
        with closing(IndexedLog(live, WIRE, store, database, gap)) as log:
            if upto != 0:
                ends = {p: live.span(TOPIC, p).end for p in range(SESSIONS.partitions)}
                ends = ends if upto is None else {p: min(upto, end) for p, end in ends.items()}
                Indexer(live, WIRE, log.runs, TOPIC).catch_up(ends)
            live.records = 0
            yield live, log


def drafts_of(history: Sequence[Record]) -> list[Draft]:
    return [Draft(r.topic, r.partition, r.key, r.value, r.headers) for r in history]


RECORDS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(RUNS)), max_size=30)


@given(
    records=RECORDS,
    upto=st.integers(0, 30),
    gap=st.integers(0, 5),
    start=st.integers(0, 30),
    end=st.integers(0, 35),
    keys=st.sets(st.sampled_from([key for key in KEYS if key]), min_size=1),
)
def test_a_stream_is_the_same_read_with_an_index_or_without(
    records: list[tuple[bytes | None, bytes | None]],
    upto: int,
    gap: int,
    start: int,
    end: int,
    keys: set[bytes],
) -> None:
    drafts = [
        Draft(TOPIC, 0, key, b"\0\0\0\0\1", [] if run is None else [(CORRELATION, run)])
        for key, run in records
    ]
    with indexed(drafts, upto, gap) as (live, log):
        plain = [r for batch in live.read_keys(TOPIC, 0, start, end, keys) for r in batch]
        assert [r for batch in log.read_keys(TOPIC, 0, start, end, keys) for r in batch] == plain


@given(upto=st.integers(0, 150), number=st.integers(0, 43))
def test_a_run_is_the_same_found_with_an_index_or_without(upto: int, number: int) -> None:
    runs = list(dict.fromkeys(filter(None, (dict(r.headers).get(CORRELATION) for r in HISTORY))))
    run = RunId(runs[number].decode())
    with indexed(drafts_of(HISTORY), upto) as (live, log):
        plain = events_of(run, live, WIRE)
        assert len(plain) >= 9
        assert events_of(run, log, WIRE) == plain


def test_only_what_a_stream_holds_is_read_of_a_long_log() -> None:
    key = HISTORY[-1].key
    assert key is not None
    partition = HISTORY[-1].partition
    with indexed(drafts_of(HISTORY)) as (live, log):
        end = live.span(TOPIC, partition).end
        mine = [r for batch in log.read_keys(TOPIC, partition, 0, end, {key}) for r in batch]
        assert len(mine) == live.records < end


def test_a_run_that_never_was_is_known_not_to_be_without_reading() -> None:
    with indexed(drafts_of(HISTORY)) as (live, log):
        assert events_of(RunId("never"), log, WIRE) == []
        assert live.records == 0


def test_the_rows_do_not_depend_on_how_the_log_was_read() -> None:
    with indexed(drafts_of(HISTORY)) as (_, log), indexed(drafts_of(HISTORY), 0) as (live, other):
        index = other.runs
        indexer = Indexer(live, WIRE, index, TOPIC)
        for partition, start in indexer.begin().items():
            for records in live.read(TOPIC, partition, start, 10_000):
                for at in range(0, len(records), 7):
                    indexer.take(records[at : at + 7])
                    indexer.take(records[at : at + 7])
                    indexer.put({partition: records[at : at + 7][-1].offset + 1})
        for partition in range(SESSIONS.partitions):
            assert index.rows(partition) == log.runs.rows(partition) != []


def test_a_run_ends_where_its_answer_is() -> None:
    with indexed(drafts_of(HISTORY)) as (_, log):
        rows = [row for p in range(SESSIONS.partitions) for row in log.runs.rows(p)]
    whole = [row for row in rows if row.stream != GRID_KEY]
    assert {(row.last - row.first, row.ended == row.last) for row in whole} == {(8, True)}
    assert all(row.ended_ms is not None and row.ended_ms >= row.began_ms for row in whole)


def test_another_topic_is_read_as_ever() -> None:
    drafts = [Draft(MEMORY.name, 0, b"ada", b"", []), Draft(MEMORY.name, 0, b"bob", b"", [])]
    with indexed(drafts) as (_, log):
        found = [r.key for batch in log.read_keys(MEMORY.name, 0, 0, 9, {b"bob"}) for r in batch]
    assert found == [b"bob"]


def test_an_index_of_an_earlier_topic_is_not_believed() -> None:
    with indexed(drafts_of(HISTORY)) as (live, log):
        stale = RunIndex(log._database, TOPIC, "earlier")
        assert stale.positions() == {}
        run = RunId(dict(HISTORY[-1].headers)[CORRELATION].decode())
        log.runs = stale
        assert events_of(run, log, WIRE) == events_of(run, live, WIRE) != []
