"""Verify: every recorded input decided again, and compared with what the log says came of it.

A decider's decisions stand in the log in the order of their inputs, so an input waits here until a
decision on a later one, or the end of what was considered, says that nothing more came of it. What
differs is shown once: from there on the recorded decision counts, as it did for its readers. A
decider of another version may decide otherwise, for it says so; one of the same version may not.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from replay.unrepeated import opened
from streams.envelope import PROCESSOR, Cause, Decision, Envelope, Origin
from streams.errors import Poison
from streams.ids import EventId, of_decision
from streams.io.snapshots import Snapshot
from streams.io.standing import AnyDecider, Standing
from streams.io.wire import Wire
from streams.log import EventLog
from streams.plain import form_of


class Made(NamedTuple):
    """One event of a decision."""

    event_id: EventId
    event: Any


class Divergence(NamedTuple):
    """An input on which the decider of today does not say what is recorded.

    `state` is what the input's key had come to, as plain data; `version` is that of the decider
    which wrote the record, or was at work where nothing is recorded; None if it wrote nothing yet.
    `cause` has no event where it was decided on then and is not read today.
    """

    decider: str
    version: int | None
    today: int
    state: Any
    cause: Envelope[Any]
    expected: tuple[Made, ...]
    got: tuple[Made, ...]

    @property
    def announced(self) -> bool:
        """Whether the decider has another version than the one that was at work."""
        return self.version not in (None, self.today)


class Verified(NamedTuple):
    """How one decider did in one partition; `parked` inputs can be decided neither then nor now.

    `recorded` are the versions that decided then, `announced` the divergences from another one than
    today's `version`; the others are `divergences`.
    """

    decider: str
    version: int
    recorded: tuple[int, ...]
    topic: str
    partition: int
    inputs: int
    decisions: int
    parked: int
    divergences: int
    announced: int


class Range(NamedTuple):
    """What is compared: inputs from `start` up to, not including, `end`, of one key or of all.

    Inputs from `considered` on may still await their decision: nothing recorded means nothing yet.
    """

    start: int
    end: int
    considered: int
    key: str | None = None


#: Hears of each divergence; returns whether to go on.
Hear = Callable[[Divergence], bool]

#: Hears how many records were read since the last call.
Progress = Callable[[int], None]


class _Waiting(NamedTuple):
    """An input that is not judged yet, or a fact of the grid in its place among them."""

    cause: Envelope[Any]
    is_fact: bool
    is_input: bool


class Verifier:
    """Redecides one partition for one decider; records go in, in the order of the log.

    The log begins at `first`: what was decided on events before it counts, and cannot be compared.
    """

    def __init__(
        self, decider: AnyDecider, wire: Wire, compared: Range, hear: Hear, first: int = 0
    ) -> None:
        self.inputs = self.decisions = self.parked = self.divergences = self.announced = 0
        self.versions: set[int] = set()
        self.stopped = False
        self._decider = decider
        self._wire = wire
        self._compared = compared
        self._hear = hear
        self._first = first
        self._standing = Standing(decider, wire, Snapshot(0, []))
        self._facts, self._reads = frozenset(decider.grid.reads), frozenset(decider.reads)
        self._dump = form_of(decider.state_type).dump
        self._queue: deque[_Waiting] = deque()
        self._open: list[Made] = []
        self._open_at = -1
        self._at_work: int | None = None

    @property
    def kinds(self) -> frozenset[type]:
        """The kinds of event that must be shown to it, besides all that its decider decided."""
        return self._facts | self._reads | frozenset(self._decider.writes)

    def read(self, envelope: Envelope[Any], origin: Origin) -> None:
        """Take the next record that is no repeat."""
        kind = type(envelope.event)
        if isinstance(origin, Decision) and origin.processor == self._decider.name:
            self._recorded(origin.cause, envelope)
        is_fact, is_input = kind in self._facts, kind in self._reads
        if is_fact or is_input:
            self._queue.append(_Waiting(envelope, is_fact, is_input))

    def close(self) -> None:
        """Judge what still waits: nothing more is recorded."""
        self._judge_up_to(self._compared.considered)

    def _recorded(self, cause: Cause, envelope: Envelope[Any]) -> None:
        if cause.step != len(self._open) or (self._open and cause.offset != self._open_at):
            self._open = []  # half a decision, which its writer made again from the first step
            if cause.step:
                return
        version = _version(envelope)
        self._at_work = version if self._at_work is None else self._at_work
        self._judge_up_to(cause.offset)
        self._open_at, self._at_work = cause.offset, version
        self._open.append(Made(envelope.event_id, envelope.event))
        if cause.step + 1 == cause.steps:
            made, self._open = tuple(self._open), []
            self._judge(self._at(cause.offset) or _unread(cause.offset, envelope), made)

    def _judge_up_to(self, offset: int) -> None:
        """Nothing was recorded of the inputs below `offset`."""
        while self._queue and self._queue[0].cause.offset < offset and not self.stopped:
            self._judge(self._queue.popleft(), ())

    def _at(self, offset: int) -> _Waiting | None:
        if self._queue and self._queue[0].cause.offset == offset:
            return self._queue.popleft()
        return None

    def _judge(self, waiting: _Waiting, got: tuple[Made, ...]) -> None:
        if self.stopped:
            return
        cause = waiting.cause
        if waiting.is_fact:
            self._standing.learn(cause.event)
        if not waiting.is_input and not got:
            return
        ledger = self._standing.ledger
        state = ledger.states.get(cause.key, self._decider.initial)
        if self._concerns(cause):
            self._compare(waiting, state, got)
        if got:
            known = [made.event for made in got if isinstance(made.event, self._decider.writes)]
            ledger.keep(cause.key, cause.offset, known)

    def _concerns(self, cause: Envelope[Any]) -> bool:
        start, end, _, key = self._compared
        return max(start, self._first) <= cause.offset < end and key in (None, cause.key)

    def _compare(self, waiting: _Waiting, state: Any, got: tuple[Made, ...]) -> None:
        cause = waiting.cause
        self.inputs += 1
        if got:
            self.decisions += 1
            self.versions |= set() if self._at_work is None else {self._at_work}
        try:
            grid = self._standing.grid
            events = self._decider.decide(state, cause, grid) if waiting.is_input else ()
        except Poison:
            events = ()
            self.parked += 1
        name, today = self._decider.name, self._decider.version
        expected = tuple(
            Made(of_decision(cause.event_id, name, step), event)
            for step, event in enumerate(events)
        )
        if expected != got:
            plain = self._dump(state)
            found = Divergence(name, self._at_work, today, plain, cause, expected, got)
            self.announced += found.announced
            self.divergences += not found.announced
            self.stopped = not self._hear(found)

    def verified(self, partition: int) -> Verified:
        """Say how it went."""
        return Verified(
            self._decider.name,
            self._decider.version,
            tuple(sorted(self.versions)),
            self._decider.topic.name,
            partition,
            self.inputs,
            self.decisions,
            self.parked,
            self.divergences,
            self.announced,
        )


def verify(
    compared: Sequence[tuple[AnyDecider, Range]],
    partition: int,
    log: EventLog,
    wire: Wire,
    hear: Hear,
    progress: Progress = lambda _: None,
) -> list[Verified]:
    """Redecide a partition for deciders of one topic, in one pass; `hear` says whether to go on."""
    topic = compared[0][0].topic.name
    first = log.span(topic, partition).first
    verifiers = [Verifier(decider, wire, range_, hear, first) for decider, range_ in compared]
    kinds = frozenset[type]().union(*(verifier.kinds for verifier in verifiers))
    authors = frozenset(decider.name for decider, _ in compared)
    for count, entries in opened(log, wire, topic, partition, kinds, authors=authors):
        for envelope, origin in entries:
            for verifier in verifiers:
                verifier.read(envelope, origin)
        progress(count)
        if any(verifier.stopped for verifier in verifiers):
            break
    else:
        for verifier in verifiers:
            verifier.close()
    return [verifier.verified(partition) for verifier in verifiers]


def _unread(offset: int, decision: Envelope[Any]) -> _Waiting:
    """Return what stands for an input that nobody reads today, as the decision on it tells it."""
    cause_id = decision.cause_id or EventId("")
    cause = decision._replace(event=None, event_id=cause_id, offset=offset, head={})
    return _Waiting(cause, is_fact=False, is_input=False)


def _version(envelope: Envelope[Any]) -> int | None:
    number = envelope.head.get(PROCESSOR, b"").partition(b"/")[2]
    return int(number) if number.isdigit() else None
