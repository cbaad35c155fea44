"""Runs as the log tells them: one from its first event to its last, or the latest ones in short.

A run's id holds the time it began, so only a stretch of the log is read.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from streams.envelope import CORRELATION, Envelope
from streams.errors import Poison
from streams.events.sessions import RequestReceived, ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import SESSIONS

#: How far the clocks of a door and the broker may be apart, and how long a door may take.
SKEW_MS, DELAY_MS = 10_000, 120_000
WINDOW = 2_000

Events = list[Envelope[Any]]


class Summary(NamedTuple):
    """A run in short; `milliseconds` is None while it is open."""

    run_id: RunId
    session: str
    asked_at_ms: int
    question: str
    outcome: str
    milliseconds: int | None


def events_of(run_id: RunId, log: EventLog, wire: Wire) -> Events:
    """Return every event of a run in the order of the log, repeats dropped; none if unknown."""
    for partition in range(log.partitions(SESSIONS.name)):
        start, until = _stretch(run_id, log, partition)
        first = _first(run_id, log, partition, start, until)
        if first is not None:
            return _from(run_id, log, wire, partition, first)
    return []


def latest(limit: int, log: EventLog, wire: Wire) -> list[Summary]:
    """Return the runs that began last, the newest first."""
    window = WINDOW
    while True:
        summaries, whole = _summaries(window, log, wire)
        if len(summaries) >= limit or whole:
            newest = sorted(summaries, key=lambda s: (s.asked_at_ms, s.run_id), reverse=True)
            return newest[:limit]
        window *= 4


def children(events: Events) -> Mapping[str, Events]:
    """Return the events that each event caused; those without a cause here stand under ''."""
    known = {event.event_id for event in events}
    found: dict[str, Events] = {}
    for event in events:
        cause = event.cause_id if event.cause_id in known else ""
        found.setdefault(cause or "", []).append(event)
    return found


def _stretch(run_id: RunId, log: EventLog, partition: int) -> tuple[int, int]:
    """Return where in a partition a run may begin."""
    began = _began_at_ms(run_id)
    if began is None:
        return log.span(SESSIONS.name, partition)
    start = log.offset_at(SESSIONS.name, partition, began - SKEW_MS)
    return start, log.offset_at(SESSIONS.name, partition, began + DELAY_MS)


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
                    if isinstance(envelope.event, ResponseCompleted | RunFailed):
                        return list(events.values())
    return list(events.values())


def _belongs(record: Record, run_id: RunId) -> bool:
    return (CORRELATION, run_id.encode()) in record.headers


def _summaries(window: int, log: EventLog, wire: Wire) -> tuple[list[Summary], bool]:
    found: dict[RunId, Summary] = {}
    whole = True
    for partition in range(log.partitions(SESSIONS.name)):
        span = log.span(SESSIONS.name, partition)
        start = max(span.first, span.end - window)
        whole &= start == span.first
        for envelope in _ends_of_runs(log, wire, partition, start, span.end):
            _note(found, envelope)
    return list(found.values()), whole


def _ends_of_runs(
    log: EventLog, wire: Wire, partition: int, start: int, end: int
) -> Iterator[Envelope[Any]]:
    for records in log.read(SESSIONS.name, partition, start, end):
        for record in records:
            with suppress(Poison):
                if wire.codec.kind_of(record.value) in _NOTED:
                    yield wire.open(record)


def _note(found: dict[RunId, Summary], envelope: Envelope[Any]) -> None:
    event, run_id = envelope.event, envelope.event.run_id
    if isinstance(event, RequestReceived):
        at_ms = envelope.recorded_at_ms
        found.setdefault(run_id, Summary(run_id, envelope.key, at_ms, event.text, "open", None))
    elif run_id in found and found[run_id].milliseconds is None:
        asked = found[run_id]
        took = envelope.recorded_at_ms - asked.asked_at_ms
        found[run_id] = asked._replace(outcome=_OUTCOMES[type(event)](event), milliseconds=took)


_OUTCOMES: Mapping[type, Callable[[Any], str]] = {
    ResponseCompleted: lambda _: "completed",
    RunFailed: lambda event: f"failed: {event.reason}",
}
_NOTED = (RequestReceived, *_OUTCOMES)
