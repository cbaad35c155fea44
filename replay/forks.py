"""Forks as they are kept: one event each, holding what they do not share with their origin."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import merge
from typing import Any, NamedTuple

from replay.fork import Branch, Forked, How, Step
from replay.grid import under
from replay.past import Past, past_of
from replay.travel import Traveller
from streams.envelope import CAUSATION, PROCESSOR
from streams.errors import Misconfigured, Poison
from streams.events.forks import Change, ForkMade, ForkStep
from streams.ids import RunId
from streams.io.standing import AnyDecider
from streams.io.wire import Wire
from streams.log import EventLog
from streams.partitioner import partition_of
from streams.topics import FORKS


def kept(forked: Forked, wire: Wire) -> ForkMade:
    """Return the event that keeps a fork."""
    changes = sorted(forked.branch.changes.items())
    return ForkMade(
        origin=forked.origin,
        at=forked.branch.at,
        changes=tuple(Change(path=path, value=json.dumps(value)) for path, value in changes),
        steps=tuple(_step(step, wire) for step in forked.steps if step.how is not How.SHARED),
    )


class Kept(NamedTuple):
    """A fork in the log, and when it was made."""

    fork_id: RunId
    made: ForkMade
    at_ms: int


def kept_forks(log: EventLog, wire: Wire) -> Iterator[Kept]:
    """Yield every fork there is, partition by partition; one made twice once."""
    seen = set[bytes | None]()
    for partition in range(log.partitions(FORKS.name)):
        for records in log.read(FORKS.name, partition, *log.span(FORKS.name, partition)):
            for record in records:
                with suppress(Poison):
                    if record.key in seen or wire.codec.kind_of(record.value) is not ForkMade:
                        continue
                    seen.add(record.key)
                    envelope = wire.open(record)
                    yield Kept(RunId(envelope.key), envelope.event, envelope.recorded_at_ms)


def find_fork(fork_id: RunId, log: EventLog, wire: Wire) -> ForkMade | None:
    """Return a fork that is kept under an id."""
    key = fork_id.encode()
    partition = partition_of(key, log.partitions(FORKS.name))
    span = log.span(FORKS.name, partition)
    for records in log.read(FORKS.name, partition, span.first, span.end):
        for record in records:
            with suppress(Poison):
                if record.key == key and wire.codec.kind_of(record.value) is ForkMade:
                    made: ForkMade = wire.open(record).event
                    return made
    return None


def past_of_any(name: RunId, deciders: Sequence[AnyDecider], traveller: Traveller) -> Past:
    """Return a run or a fork as it was. Raises Misconfigured if there is neither."""
    made = find_fork(name, traveller.log, traveller.wire)
    if made is None:
        return past_of(name, deciders, traveller)
    origin = past_of_any(made.origin, deciders, traveller)
    origin = under(origin, changes_of(made), traveller)
    steps = steps_of(made, origin, traveller.wire)
    told = next(step.envelope.event_id for step in steps if step.how is How.CHANGED)
    return origin._replace(
        name=name,
        stream=[step.envelope for step in steps],
        instead={**origin.instead, made.at: told},
    )


def forked_of(fork_id: RunId, made: ForkMade, origin: Past, wire: Wire) -> Forked:
    """Return a kept fork as it was when it was made."""
    steps = (s for s in steps_of(made, origin, wire) if s.envelope.run_id == origin.run_id)
    branch = Branch(at=made.at, changes=changes_of(made))
    return Forked(fork_id=fork_id, origin=made.origin, branch=branch, steps=tuple(steps))


def changes_of(made: ForkMade) -> Mapping[str, Any]:
    """Return what was changed in a fork."""
    return {change.path: json.loads(change.value) for change in made.changes}


def steps_of(made: ForkMade, origin: Past, wire: Wire) -> list[Step]:
    """Return all that happened in a fork and beside it, what it shares with its origin first.

    What happens beside it after the branch is as it was recorded, in its time.
    """
    at = next((n for n, e in enumerate(origin.stream) if e.event_id == made.at), None)
    if at is None:
        raise Misconfigured(f"{origin.name} has no event {made.at}, where the fork leaves it")
    shared = [Step(envelope, How.SHARED) for envelope in origin.stream[:at]]
    own = (_opened(step, origin, wire) for step in made.steps)
    beside = (
        Step(envelope, How.RECORDED)
        for envelope in origin.stream[at:]
        if envelope.run_id != origin.run_id
    )
    return [*shared, *merge(own, beside, key=lambda step: step.envelope.recorded_at_ms)]


def _step(step: Step, wire: Wire) -> ForkStep:
    envelope = step.envelope
    return ForkStep(
        event_id=envelope.event_id,
        cause_id=envelope.cause_id,
        processor=envelope.head.get(PROCESSOR, b"").decode(),
        how=step.how,
        at_ms=envelope.recorded_at_ms,
        value=wire.codec.encode(envelope.event),
    )


def _opened(step: ForkStep, origin: Past, wire: Wire) -> Step:
    head = {PROCESSOR: step.processor.encode()} if step.processor else {}
    if step.cause_id is not None:
        head[CAUSATION] = step.cause_id.encode()
    envelope = origin.stream[0]._replace(
        event=wire.codec.decode(step.value),
        event_id=step.event_id,
        key=origin.key,
        offset=-1,
        recorded_at_ms=step.at_ms,
        run_id=origin.run_id,
        head=head,
    )
    return Step(envelope, How(step.how))
