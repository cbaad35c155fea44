"""A decider at work: recalls its own decisions, skips what was decided, decides the rest in order.

The next decision waits for a dead letter's delivery, and a snapshot for that of all it covers.
"""

from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Any

from processors.line import Act, Entry
from processors.parts import Assignment, Desk
from streams.envelope import Envelope, Head, Origin
from streams.errors import Poison
from streams.ids import ProcessorName
from streams.io.snapshots import Place, Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing, place_of
from streams.io.wire import Author, Wire
from streams.log import Record


class Deciding:
    """The part of a decider, with where its snapshots lie."""

    def __init__(self, decider: AnyDecider, wire: Wire, snapshots: SnapshotFolder) -> None:
        self.decider = decider
        self.wire = wire
        self.author = Author(wire, decider.name, decider.version)
        self.snapshots = snapshots

    @property
    def name(self) -> ProcessorName:
        """The decider's name."""
        return self.decider.name

    @property
    def reads(self) -> frozenset[type]:
        """The decider's inputs, and the facts of the grid it knows."""
        return frozenset(self.decider.reads + self.decider.grid.reads)

    @property
    def recalls(self) -> frozenset[type]:
        """What it wrote, and the facts of the grid."""
        return frozenset(self.decider.writes + self.decider.grid.reads)

    def begin(self, desk: Desk, assignment: Assignment) -> "DecidingPost":
        """Open a post from the furthest snapshot there is, or from the beginning."""
        span = assignment.span
        taken = self.snapshots.load(self.place(assignment), span.first, span.end)
        standing = Standing(self.decider, self.wire, taken or Snapshot(span.first, []))
        return DecidingPost(self, desk, assignment, standing)

    def place(self, assignment: Assignment) -> Place:
        """Return where the snapshots of a partition lie."""
        return place_of(self.decider, assignment.topic, assignment.identity, assignment.partition)


class DecidingPost:
    """A decider's standing in one partition."""

    busy = False

    def __init__(
        self, part: Deciding, desk: Desk, assignment: Assignment, standing: Standing
    ) -> None:
        self.since = standing.since
        self.standing = standing
        self._part = part
        self._desk = desk
        self._assignment = assignment
        self._fact_kinds = frozenset(part.decider.grid.reads)
        self._input_kinds = frozenset(part.decider.reads)

    def recall(self, record: Record, kind: type, head: Head, origin: Origin) -> None:
        """Fold own decisions up to the end; the grid only up to the first input."""
        with suppress(Poison):  # it was, or will be, parked when it is handled
            before = record.offset < self._assignment.start
            self.standing.recall(record, kind, head, origin, facts=before)

    def handle(self, record: Record, cause: Envelope[Any], entry: Entry) -> Awaitable[None] | None:
        """Decide, fold and append; what was considered before a crash is passed over."""
        if cause.offset < self.since:
            return None
        kind, standing = type(cause.event), self.standing
        if kind in self._fact_kinds:
            standing.learn(cause.event)
        if kind not in self._input_kinds:
            return None
        try:
            events = standing.ledger.decide(cause, standing.grid)
        except Poison as error:
            return self._desk.park(record, self._part.name, error, entry)
        if not events:
            return None
        return self._desk.append(partial(self._part.author.decision, cause, events), entry)

    def snapshot(self, position: int) -> Act:
        """Return what writes a snapshot of now, when every record below `position` was handled."""
        place, standing = self._part.place(self._assignment), self.standing.copy()
        return lambda: self._part.snapshots.save(place, position, standing.plain())

    def close(self) -> None:
        """Nothing is running here."""
