"""A decider at work: recalls its own decisions, skips what was decided, decides the rest in order.

The next decision waits for a dead letter's delivery, and a snapshot for that of all it covers.
"""

from collections.abc import Awaitable
from typing import Any

from processors.line import Act, Entry
from processors.parts import Assignment, Desk
from streams.decider import Decider
from streams.envelope import Decision, Envelope, origin_of
from streams.errors import Poison
from streams.ids import ProcessorName
from streams.io.snapshots import Place, Snapshot, SnapshotFolder
from streams.io.wire import Author
from streams.ledger import Ledger
from streams.log import Record
from streams.plain import Plain, form_of

AnyDecider = Decider[Any, Any, Any, Any]


class Deciding:
    """The part of a decider, with where its snapshots lie."""

    def __init__(self, decider: AnyDecider, author: Author, snapshots: SnapshotFolder) -> None:
        self.decider = decider
        self.author = author
        self.snapshots = snapshots
        self._state = form_of(decider.state_type)
        self._grid = form_of(decider.grid.state_type)

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
        return DecidingPost(self, desk, assignment, taken or Snapshot(span.first, []))

    def place(self, assignment: Assignment) -> Place:
        """Return where the snapshots of a partition lie."""
        owner = f"{self.name}.{self.decider.version}"
        return Place(owner, assignment.topic, assignment.identity, assignment.partition)

    def plain(self, grid: Any, ledger: Ledger[Any]) -> list[Plain]:
        """Return what a snapshot holds: mark and grid, then the states by key, oldest first.

        The mark may be ahead of the position: decisions are recalled up to the log's end.
        """
        states = [[key, self._state.dump(state)] for key, state in ledger.states.items()]
        return [[ledger.mark, self._grid.dump(grid)], *states]

    def parse(self, taken: Snapshot) -> tuple[Any, Ledger[Any]]:
        """Return grid and ledger as they were at a snapshot; an empty one is the beginning."""
        if not taken.items:
            return self.decider.grid.initial, Ledger(self.decider, taken.position - 1)
        (mark, grid), *states = taken.items
        loaded = ((key, self._state.load(plain)) for key, plain in states)
        return self._grid.load(grid), Ledger(self.decider, max(mark, taken.position - 1), loaded)


class DecidingPost:
    """A decider's ledger of one partition."""

    def __init__(self, part: Deciding, desk: Desk, assignment: Assignment, taken: Snapshot) -> None:
        self.since = taken.position
        self.grid, self.ledger = part.parse(taken)
        self._part = part
        self._desk = desk
        self._assignment = assignment
        self._grid_kinds = frozenset(part.decider.grid.reads)
        self._input_kinds = frozenset(part.decider.reads)

    def recall(self, record: Record, kind: type) -> None:
        """Fold own decisions up to the end; the grid only up to the first input."""
        try:
            if kind in self._grid_kinds and record.offset < self._assignment.start:
                self._learn(self._desk.open(record).event)
            origin = origin_of(dict(record.headers))
            if isinstance(origin, Decision) and origin.processor == self._part.name:
                own = self._desk.open(record)
                self.ledger.recall(own.key, origin.cause, own.event)
        except Poison:
            return  # it was, or will be, parked when it is handled

    def handle(self, record: Record, cause: Envelope[Any], entry: Entry) -> Awaitable[None] | None:
        """Decide, fold and append; what was considered before a crash is passed over."""
        if cause.offset < self.since:
            return None
        kind = type(cause.event)
        if kind in self._grid_kinds:
            self._learn(cause.event)
        if kind not in self._input_kinds:
            return None
        try:
            events = self.ledger.decide(cause, self.grid)
        except Poison as error:
            return self._desk.park(record, self._part.name, error, entry)
        if not events:
            return None
        return self._desk.append(lambda: self._part.author.decision(cause, events), entry)

    def snapshot(self, position: int) -> Act:
        """Return what writes a snapshot of now, when every record below `position` was handled."""
        place, grid = self._part.place(self._assignment), self.grid
        ledger = Ledger(self._part.decider, self.ledger.mark, self.ledger.states.items())
        return lambda: self._part.snapshots.save(place, position, self._part.plain(grid, ledger))

    def close(self) -> None:
        """Nothing is running here."""

    def _learn(self, fact: Any) -> None:
        self.grid = self._part.decider.grid.evolve(self.grid, fact)
