"""A recorded run as it was: what happened in its session, and what every decider knew before."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

from replay.runs import events_of
from replay.travel import Moment, Traveller
from streams.envelope import Envelope
from streams.errors import Misconfigured, Poison
from streams.ids import EventId, RunId
from streams.io.standing import AnyDecider
from streams.topics import GRID_KEY


class Standpoint(NamedTuple):
    """What a decider knew of a run's session, and of the grid, before the run began."""

    decider: AnyDecider
    state: Any
    grid: Any


class Past(NamedTuple):
    """A run as it is forked: its stream from the run's first event on, repeats dropped.

    It `began` before its first event; `stream` also holds what happened beside the run: other runs
    of its session, and facts of the grid. A fork has a `name` of its own; the `run_id` within its
    events is that of its origin, and `instead` says which decided event another one was put in
    place of, by their ids.
    """

    name: RunId
    run_id: RunId
    key: str
    stream: Sequence[Envelope[Any]]
    standpoints: Sequence[Standpoint]
    began: Moment
    instead: Mapping[EventId, EventId] = MappingProxyType({})

    def first(self, kind: type) -> EventId | None:
        """Return the run's first event of a kind."""
        own = (e for e in self.stream if e.run_id == self.run_id and isinstance(e.event, kind))
        return next((e.event_id for e in own), None)


def past_of(run_id: RunId, deciders: Sequence[AnyDecider], traveller: Traveller) -> Past:
    """Return a recorded run with what happened beside it. Raises Misconfigured if unknown."""
    log, wire = traveller.log, traveller.wire
    events = events_of(run_id, log, wire)
    if not events:
        raise Misconfigured(f"no event of run {run_id} is in the log", fix="see `aether run list`")
    first, last = events[0], events[-1]
    keys, known = (first.key.encode(), GRID_KEY.encode()), dict[EventId, Envelope[Any]]()
    for records in log.read(first.topic, first.partition, first.offset, last.offset + 1):
        for record in records:
            if record.key in keys:
                with suppress(Poison):
                    if wire.codec.kind_of(record.value) is not None:
                        envelope = wire.open(record)
                        known.setdefault(envelope.event_id, envelope)
    start = Moment(first.partition, first.offset)
    points = [
        Standpoint(decider, standing.ledger.states.get(first.key, decider.initial), standing.grid)
        for decider, standing in zip(
            deciders, traveller.standings(deciders, first.key, start), strict=True
        )
    ]
    return Past(run_id, run_id, first.key, tuple(known.values()), points, start)
