"""What if: one change applied to many recorded runs, and what came of it all together.

Each run is forked where the change belongs and compared with what was recorded. Nothing is called:
a run's own record answers first, then that of all runs; where neither can, the run is counted as
not covered.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from replay.diff import side_of
from replay.figures import Row, Told
from replay.fork import Branch, Forked, Forker, How
from replay.past import Past
from replay.recorded import Record, Recorded
from streams.envelope import Envelope, author_of
from streams.events.sessions import (
    ClarificationAsked,
    RequestReceived,
    RequestRefused,
    RequestRouted,
)
from streams.ids import RunId

UNTOLD = Told(None, None)

#: What the router says once it knows who answers, if anybody.
DECISIONS = (RequestRouted, RequestRefused, ClarificationAsked)

#: Says which runs are meant.
Where = Callable[[Past], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is changed in each run: fields of its first event of a kind, by dotted path."""

    kind: type
    fields: Mapping[str, Any]


def whatif(
    pasts: Iterable[Past],
    change: Change,
    record: Record,
    where: Where = lambda _: True,
) -> Iterator[Row | None]:
    """Yield what comes of each run that is meant; None for one that is passed over.

    What people said of it is not in its stream: see `judged`.
    """
    for past in pasts:
        if not where(past):
            continue
        at = past.first(change.kind)
        if at is None:
            yield None
            continue
        forked = _forker(past, record).fork(past, Branch(at=at, changes=change.fields))
        yield _row(past, forked)


def judged(row: Row, told: Mapping[RunId, Told]) -> Row:
    """Return a row with what people said of its run."""
    return row._replace(told=told.get(row.run_id, UNTOLD))


def _forker(past: Past, record: Record) -> Forker:
    own = Recorded(record.effects, record)
    for envelope in past.stream:
        own.learn(envelope, author_of(envelope.head))
    return Forker(own)


def _row(past: Past, forked: Forked) -> Row:
    own = [envelope for envelope in past.stream if envelope.run_id == past.run_id]
    before, after = _routed(own), _routed(forked.events)
    covered = forked.count(How.STUBBED) == 0
    # A stand-in that came first left the router nothing to decide on.
    routed = covered or any(isinstance(e.event, DECISIONS) for e in forked.events)
    return Row(
        run_id=past.run_id,
        question=next((e.event.text for e in own if isinstance(e.event, RequestReceived)), ""),
        before=before.capability if before else "",
        after=after.capability if after else "",
        propensity=before.propensity if before else 0.0,
        recorded=side_of(own),
        forked=side_of(forked.events),
        covered=covered,
        routed=routed,
        told=UNTOLD,
    )


def _routed(events: Sequence[Envelope[Any]]) -> RequestRouted | None:
    return next((e.event for e in events if isinstance(e.event, RequestRouted)), None)
