"""A run's events, found in the log by its id alone.

Where the log has an index of its runs, it says where to read. Else a run's id holds the time it
began, so only a stretch of the log is read.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from streams.envelope import CORRELATION, Envelope
from streams.errors import Poison
from streams.events.sessions import (
    EmbeddingCompleted,
    EmbeddingFailed,
    ResponseCompleted,
    RunFailed,
)
from streams.ids import RunId
from streams.io.run_index.log import UNKNOWN, IndexedLog
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import SESSIONS

#: How far the clocks of a door and the broker may be apart, and how long a door may take.
SKEW_MS, DELAY_MS = 10_000, 120_000

Events = list[Envelope[Any]]

#: What a run ends with, whatever it was that its client asked for.
ENDS = (ResponseCompleted, RunFailed, EmbeddingCompleted, EmbeddingFailed)


def events_of(run_id: RunId, log: EventLog, wire: Wire) -> Events:
    """Return every event of a run in the order of the log, repeats dropped; none if unknown."""
    known = log.where(run_id) if isinstance(log, IndexedLog) else UNKNOWN
    if known.stretches:
        return _from(run_id, log, wire, known.stretches[0].partition, known.stretches[0].first)
    for partition in range(log.partitions(SESSIONS.name)):
        start, until = stretch([run_id], log, partition)
        start = max(start, known.positions.get(partition, 0))
        first = _first(run_id, log, partition, start, until)
        if first is not None:
            return _from(run_id, log, wire, partition, first)
    return []


def stretch(run_ids: Sequence[RunId], log: EventLog, partition: int) -> tuple[int, int]:
    """Return where in a partition some runs may begin, and by when they did."""
    began = [_began_at_ms(run_id) for run_id in run_ids]
    known = [at_ms for at_ms in began if at_ms is not None]
    if len(known) < len(began) or not known:
        return log.span(SESSIONS.name, partition)
    start = log.offset_at(SESSIONS.name, partition, min(known) - SKEW_MS)
    return start, log.offset_at(SESSIONS.name, partition, max(known) + DELAY_MS)


def _began_at_ms(run_id: RunId) -> int | None:
    """Read the time in a UUIDv7; None for an id of another make."""
    digits = run_id.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        return None
    with suppress(ValueError):
        return int(digits[:12], 16)
    return None


def _first(run_id: RunId, log: EventLog, partition: int, start: int, until: int) -> int | None:
    for records in log.read(SESSIONS.name, partition, start, until):
        for record in records:
            if _belongs(record, run_id):
                return record.offset
    return None


def _from(run_id: RunId, log: EventLog, wire: Wire, partition: int, first: int) -> Events:
    """Read from a run's first event to the one that ends it, or to the log's end."""
    events: dict[str, Envelope[Any]] = {}
    end = log.span(SESSIONS.name, partition).end
    for records in log.read(SESSIONS.name, partition, first, end):
        for record in records:
            if not _belongs(record, run_id):
                continue
            with suppress(Poison):
                if wire.codec.kind_of(record.value) is not None:
                    envelope = wire.open(record)
                    events.setdefault(envelope.event_id, envelope)
                    if isinstance(envelope.event, ENDS):
                        return list(events.values())
    return list(events.values())


def _belongs(record: Record, run_id: RunId) -> bool:
    return (CORRELATION, run_id.encode()) in record.headers
