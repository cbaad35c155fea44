"""Runs as the log tells them: one as a tree of causes, or the latest ones in short."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.sessions import RequestReceived, ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.runs import Events, events_of
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import SESSIONS

WINDOW = 2_000

__all__ = ["Events", "Summary", "children", "events_of", "latest"]


class Summary(NamedTuple):
    """A run in short; `milliseconds` is None while it is open."""

    run_id: RunId
    session: str
    asked_at_ms: int
    question: str
    outcome: str
    milliseconds: int | None


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
