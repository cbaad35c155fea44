"""Runs in short, the newest first, page by page; read backwards from where the last page ended.

Nothing is kept between pages: a page is told by the log alone, and by the places it begins below.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.sessions import RequestReceived, ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.runs import events_of
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import SESSIONS

#: So much of a partition is read at first, and twice as much each time: a page needs little.
WINDOW_FIRST, WINDOW = 300, 4_000
#: So many runs are looked at for one page; a page of rare ones may be short.
LOOKED_AT_MAX = 5_000


class Summary(NamedTuple):
    """A run in short; `milliseconds` is None while it is open.

    `reason` says why a run failed; `capability` and `model` are who answered.
    """

    run_id: RunId
    session: str
    asked_at_ms: int
    question: str
    outcome: str
    milliseconds: int | None
    reason: str = ""
    capability: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Page(NamedTuple):
    """Some runs; the next page lies below `below`, None where nothing is left."""

    runs: list[Summary]
    below: tuple[int, ...] | None


class _Begun(NamedTuple):
    partition: int
    offset: int
    summary: Summary


def page_of_runs(
    log: EventLog,
    wire: Wire,
    limit: int,
    below: Sequence[int] | None = None,
    wanted: Callable[[Summary], bool] = lambda _: True,
) -> Page:
    """Return up to `limit` wanted runs that began below some offsets, one per partition.

    Runs of one time come in the order of their ids.
    """
    ends = [log.span(SESSIONS.name, p).end for p in range(log.partitions(SESSIONS.name))]
    bounds = list(ends if below is None else below)
    streams = [_newest_first(log, wire, p, at, ends[p]) for p, at in enumerate(bounds)]
    runs: list[Summary] = []
    order = merge(*streams, key=lambda b: (-b.summary.asked_at_ms, b.summary.run_id))
    for partition, offset, summary in islice(order, LOOKED_AT_MAX):
        bounds[partition] = offset
        if wanted(summary):
            runs.append(summary)
            if len(runs) == limit:
                break
    else:
        if next(order, None) is None:
            return Page(runs, None)
    return Page(runs, tuple(bounds))


def summary_of(events: Sequence[Envelope[Any]]) -> Summary | None:
    """Return a run in short, from its events in the order of the log."""
    found: dict[RunId, Summary] = {}
    for envelope in events:
        if type(envelope.event) in _NOTED:
            _note(found, envelope)
    return next(iter(found.values()), None)


def _newest_first(
    log: EventLog, wire: Wire, partition: int, below: int, end: int
) -> Iterator[_Begun]:
    """Yield the runs that began below an offset; what ended one may stand behind it."""
    first, stop, window = log.span(SESSIONS.name, partition).first, below, WINDOW_FIRST
    ended: dict[RunId, Envelope[Any]] = {}
    for envelope in _noted(log, wire, partition, below, min(end, below + WINDOW_FIRST)):
        if not isinstance(envelope.event, RequestReceived):
            ended.setdefault(envelope.event.run_id, envelope)
    while stop > first:
        start, window = max(first, stop - window), min(WINDOW, window * 2)
        begun: dict[RunId, tuple[int, Summary]] = {}
        known: dict[RunId, Summary] = {}
        for envelope in _noted(log, wire, partition, start, stop):
            run_id = envelope.event.run_id
            if isinstance(envelope.event, RequestReceived):
                if run_id not in known:
                    _note(known, envelope)
                    begun[run_id] = envelope.offset, known[run_id]
            else:
                ended[run_id] = envelope
        for run_id, (offset, _) in reversed(begun.items()):
            if run_id in ended:
                _note(known, ended[run_id])
            elif below < end:  # it may have ended far behind
                _ended_later(known, events_of(run_id, log, wire))
            yield _Begun(partition, offset, known[run_id])
        stop = start


def _ended_later(known: dict[RunId, Summary], events: Sequence[Envelope[Any]]) -> None:
    for envelope in events:
        if isinstance(envelope.event, ResponseCompleted | RunFailed):
            _note(known, envelope)


def _noted(
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
        found[run_id] = _OUTCOMES[type(event)](asked._replace(milliseconds=took), event)


def _completed(run: Summary, event: ResponseCompleted) -> Summary:
    return run._replace(
        outcome="completed",
        capability=event.capability,
        model=event.model,
        prompt_tokens=event.prompt_tokens,
        completion_tokens=event.completion_tokens,
    )


def _failed(run: Summary, event: RunFailed) -> Summary:
    return run._replace(outcome=f"failed: {event.reason}", reason=event.reason)


_OUTCOMES: Mapping[type, Callable[[Summary, Any], Summary]] = {
    ResponseCompleted: _completed,
    RunFailed: _failed,
}
_NOTED = (RequestReceived, *_OUTCOMES)
