"""The index from runs to offsets: a row for each run in each partition and stream it is found in.

A row spans its run's records from the first to the last yet. What belongs to no run is a row of one
record. So the rows of a stream cover all of it, up to where the index has read. Reading again what
was read changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from streams.ids import RunId
from streams.io.run_index.database import Change, Database, PostgresDatabase, SqliteDatabase
from streams.io.settings import Settings
from streams.log import Span

FILE = "runs.sqlite"
#: How the name of a row begins that is of one record, which belongs to no run.
APART = "@"

TABLES = (
    """create table if not exists aether_runs (
        topic text, place integer, stream text, run text, first bigint, last bigint, ended bigint,
        began_ms bigint, ended_ms bigint, primary key (topic, place, stream, run))""",
    "create index if not exists aether_runs_by_run on aether_runs (run)",
    "create index if not exists aether_runs_by_time on aether_runs (topic, place, began_ms, first)",
    """create table if not exists aether_runs_read (
        topic text, place integer, identity text, position bigint, primary key (topic, place))""",
)
PUT = """insert into aether_runs values (:topic, :partition, :stream, :run, :first, :last, :ended,
    :began_ms, :ended_ms) on conflict (topic, place, stream, run) do update set
    last = case when excluded.last > aether_runs.last then excluded.last else aether_runs.last end,
    ended = coalesce(aether_runs.ended, excluded.ended),
    ended_ms = coalesce(aether_runs.ended_ms, excluded.ended_ms)"""
KEEP = """insert into aether_runs_read values (:topic, :partition, :identity, :position)
    on conflict (topic, place) do update set identity = excluded.identity,
    position = excluded.position"""
FORGET = (
    "delete from aether_runs where topic = :topic",
    "delete from aether_runs_read where topic = :topic",
)
FIND = """select place, stream, run, first, last, ended, began_ms, ended_ms from aether_runs
    where run = :run and topic = :topic order by place, first"""
ROWS = """select place, stream, run, first, last, ended, began_ms, ended_ms from aether_runs
    where topic = :topic and place = :partition order by first, stream, run"""
COVER = """select first, last from aether_runs where topic = :topic and place = :partition
    and stream = :stream and first < :end and last >= :start"""
SINCE = """select min(first) from aether_runs where topic = :topic and place = :partition
    and began_ms >= :since_ms"""
READ = "select place, position from aether_runs_read where topic = :topic and identity = :identity"


class Stretch(NamedTuple):
    """Where a run lies in the stream of a key: records `first` to `last`, both included.

    `ended` is the offset of the event that ended it, None while it is open.
    """

    partition: int
    stream: str
    run: RunId
    first: int
    last: int
    ended: int | None
    began_ms: int
    ended_ms: int | None


class RunIndex:
    """The index, for one topic as it is now; everything raises IndexAway."""

    def __init__(self, database: Database, topic: str, identity: str) -> None:
        self._database = database
        self._topic = topic
        self._identity = identity

    def begin(self, spans: Mapping[int, Span]) -> dict[int, int]:
        """Make the tables, and return up to where each partition was read.

        What is known of an earlier topic of this name, or of records that were lost, is forgotten.
        """
        self._database.change([Change(sql) for sql in TABLES])
        known = self.positions()
        if len(known) < len(spans) or any(known.get(p, 0) > span.end for p, span in spans.items()):
            self.forget()
            known = {}
        return {p: max(span.first, known.get(p, 0)) for p, span in spans.items()}

    def forget(self) -> None:
        """Delete everything that is known of the topic."""
        self._database.change([Change(sql, [{"topic": self._topic}]) for sql in FORGET])

    def put(self, stretches: Iterable[Stretch], positions: Mapping[int, int]) -> None:
        """Add what was read of the log, and up to where."""
        rows = [{"topic": self._topic, **stretch._asdict()} for stretch in stretches]
        read = [
            {"topic": self._topic, "partition": p, "identity": self._identity, "position": at}
            for p, at in positions.items()
        ]
        self._database.change([*([Change(PUT, rows)] if rows else []), Change(KEEP, read)])

    def positions(self) -> dict[int, int]:
        """Return up to where each partition was read; nothing if it never was."""
        values = {"topic": self._topic, "identity": self._identity}
        return dict(self._database.rows(READ, values))

    def find(self, run_id: RunId) -> list[Stretch]:
        """Return where a run lies."""
        values = {"run": run_id, "topic": self._topic}
        return [Stretch(*row) for row in self._database.rows(FIND, values)]

    def rows(self, partition: int) -> list[Stretch]:
        """Return everything that is known of a partition, in its order."""
        values = {"topic": self._topic, "partition": partition}
        return [Stretch(*row) for row in self._database.rows(ROWS, values)]

    def first_since(self, partition: int, since_ms: int) -> int | None:
        """Return where the first began of those known that began since a time; None if none did."""
        values = {"topic": self._topic, "partition": partition, "since_ms": since_ms}
        ((first,),) = self._database.rows(SINCE, values)
        return None if first is None else int(first)

    def cover(
        self, partition: int, streams: Collection[str], start: int, end: int, gap: int
    ) -> list[Span]:
        """Return what to read to see all that a range holds of some streams.

        Parts that are nearer to each other than `gap` records are one.
        """
        values = {"topic": self._topic, "partition": partition, "start": start, "end": end}
        found = [
            row for s in streams for row in self._database.rows(COVER, {**values, "stream": s})
        ]
        return list(_joined(sorted(found), start, end, gap))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def name_in_text(name: bytes) -> str:
    """Return the name of a stream or a run as text; a database takes no zeros in it."""
    return name.decode(errors="replace").replace("\0", "\ufffd")


def _joined(rows: Sequence[tuple[int, int]], start: int, end: int, gap: int) -> list[Span]:
    spans: list[Span] = []
    for first, last in rows:
        span = Span(max(first, start), min(last + 1, end))
        if spans and span.first <= spans[-1].end + gap:
            spans[-1] = Span(spans[-1].first, max(spans[-1].end, span.end))
        else:
            spans.append(span)
    return spans


def open_database(settings: Settings) -> Database:
    """Return the database that is set, or else a file; it is opened when it is first used."""
    url = settings.runs.url
    return SqliteDatabase(file_of(settings)) if url is None else PostgresDatabase(url)


def file_of(settings: Settings) -> Path:
    """Return where the index lies where no database is set."""
    return settings.data_dir / FILE
