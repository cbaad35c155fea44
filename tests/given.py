"""What a decider decides, said as emmett says it: given its history, when something comes, then.

`then` compares the exact ordered tuple.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from streams.decider import Decider
from streams.envelope import Envelope
from streams.ids import EventId, RunId

AnyDecider = Decider[Any, Any, Any, Any]


def cause(event: Any, key: str = "k", offset: int = 0) -> Envelope[Any]:
    """Return an event as it comes from the log."""
    run = RunId(getattr(event, "run_id", ""))
    return Envelope(event, EventId(f"id-{offset}"), key, "t", 0, offset, 1_700_000_000_000, run, {})


class Then:
    """What was decided."""

    def __init__(self, decided: tuple[Any, ...]) -> None:
        self.decided = decided

    def then(self, *events: Any) -> None:
        assert self.decided == events


class Given:
    """A decider with what happened before."""

    def __init__(self, decider: AnyDecider, history: tuple[Any, ...], facts: Iterable[Any]) -> None:
        assert all(isinstance(event, decider.writes) for event in history), "not its own events"
        self._decider = decider
        self._state = decider.fold(history)
        self._grid = reduce(decider.grid.evolve, facts, decider.grid.initial)

    def when(self, event: Any, key: str = "k") -> Then:
        assert isinstance(event, self._decider.reads), "not an input of this decider"
        before = repr(self._state)
        decided = self._decider.decide(self._state, cause(event, key), self._grid)
        assert repr(self._state) == before, "deciding changed the state"
        return Then(decided)


def given(decider: AnyDecider, *history: Any, facts: Iterable[Any] = ()) -> Given:
    """Begin with a decider's own events so far, and the facts in force in its partition."""
    return Given(decider, history, facts)


def fed(
    decider: AnyDecider, inputs: Iterable[Any], facts: Iterable[Any] = ()
) -> tuple[Any, list[Any]]:
    """Feed inputs one after the other; return the last state and everything decided."""
    state, decided = decider.initial, list[Any]()
    grid = reduce(decider.grid.evolve, facts, decider.grid.initial)
    for offset, event in enumerate(inputs):
        events = decider.decide(state, cause(event, offset=offset), grid)
        state = decider.fold(events, state)
        decided += events
    return state, decided
