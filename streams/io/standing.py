"""What a decider knows of one partition at some point: its states and the grid's facts.

The runner builds one up before its first input, and a replay from the first record to the last:
the same fold, so the same hash.
"""

import hashlib
from typing import Any

from streams.decider import Decider
from streams.envelope import Decision, Head, Origin
from streams.io.snapshots import Place, Snapshot
from streams.io.wire import Wire
from streams.ledger import Ledger
from streams.log import Record
from streams.plain import Plain, form_of, hash_of, shape_of

AnyDecider = Decider[Any, Any, Any, Any]


class Standing:
    """A ledger and a grid, with their form in a snapshot."""

    def __init__(self, decider: AnyDecider, wire: Wire, taken: Snapshot) -> None:
        self.decider = decider
        self.since = taken.position
        self._name = decider.name
        self._wire = wire
        self._state = form_of(decider.state_type)
        self._facts = form_of(decider.grid.state_type)
        self._fact_kinds = frozenset(decider.grid.reads)
        self.grid, self.ledger = self._parse(taken)

    @property
    def recalls(self) -> frozenset[type]:
        """The kinds of event a `recall` may concern."""
        return self._fact_kinds | frozenset(self.decider.writes)

    def recall(
        self, record: Record, kind: type, head: Head, origin: Origin, *, facts: bool
    ) -> None:
        """Fold a record of the past: own decisions, and with `facts` what holds in the grid.

        Raises Poison for one that cannot be read.
        """
        if facts and kind in self._fact_kinds:
            self.learn(self._wire.open(record, head).event)
        if type(origin) is not Decision or origin.processor != self._name:
            return
        if origin.cause.offset > self.ledger.mark:  # else it was folded before
            key, event = self._wire.told(record, head)
            self.ledger.recall(key, origin.cause, event)

    def learn(self, fact: Any) -> None:
        """Take a fact of the grid in."""
        self.grid = self.decider.grid.evolve(self.grid, fact)

    def copy(self) -> "Standing":
        """Return the standing of now; states are values, so this is cheap."""
        ledger = self.ledger
        other = Standing(self.decider, self._wire, Snapshot(self.since, []))
        other.grid = self.grid
        other.ledger = Ledger(self.decider, ledger.mark, ledger.states.items())
        return other

    def plain(self) -> list[Plain]:
        """Return what a snapshot holds: mark and grid, then the states by key, oldest first.

        The mark may be ahead of the position: decisions are recalled up to the log's end.
        """
        states = [[key, self._state.dump(state)] for key, state in self.ledger.states.items()]
        return [[self.ledger.mark, self._facts.dump(self.grid)], *states]

    def hash(self) -> str:
        """Return the SHA-256 (hex) of states and grid, whatever they were built from."""
        facts = hash_of(self.decider.grid.state_type, [("", self.grid)])
        return hash_of(self.decider.state_type, self.ledger.states.items())[:32] + facts[:32]

    def _parse(self, taken: Snapshot) -> tuple[Any, Ledger[Any]]:
        if not taken.items:
            return self.decider.grid.initial, Ledger(self.decider, taken.position - 1)
        (mark, grid), *states = taken.items
        loaded = ((key, self._state.load(plain)) for key, plain in states)
        return self._facts.load(grid), Ledger(self.decider, max(mark, taken.position - 1), loaded)


def marks_place(topic: str, identity: str, partition: int) -> Place:
    """Return where the snapshots of a partition's marks lie."""
    return Place("marks.1", topic, identity, partition)


def place_of(decider: AnyDecider, topic: str, identity: str, partition: int) -> Place:
    """Return where the snapshots of a decider lie: those of its version and of its states' shape.

    A development version's states may change their shape under one number.
    """
    shape = f"{shape_of(decider.state_type)} {shape_of(decider.grid.state_type)}"
    shaped = hashlib.sha256(shape.encode()).hexdigest()[:8]
    return Place(f"{decider.name}.{decider.version}.{shaped}", topic, identity, partition)
