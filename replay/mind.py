"""Who decides in a fork: a decider with what it knew, and its decisions as envelopes."""

from collections.abc import Sequence
from typing import Any

from replay.past import Standpoint
from streams.envelope import CAUSATION, PROCESSOR, Envelope
from streams.errors import Poison
from streams.ids import ProcessorName, of_decision


class Mind:
    """A decider in a fork: it takes in what is said to have been decided, also where it was not."""

    def __init__(self, point: Standpoint, key: str) -> None:
        self.name, self.version = point.decider.name, point.decider.version
        self._decider = point.decider
        self._states = {key: point.state}
        self._grid = point.grid

    def decide(self, cause: Envelope[Any]) -> Sequence[Any]:
        """Return what it makes of an event."""
        decider = self._decider
        if isinstance(cause.event, decider.grid.reads):
            self._grid = decider.grid.evolve(self._grid, cause.event)
        if not isinstance(cause.event, decider.reads):
            return ()
        try:
            return decider.decide(self._state(cause.key), cause, self._grid)
        except Poison:
            return ()

    def keep(self, key: str, events: Sequence[Any]) -> None:
        """Fold a decision."""
        if events:
            self._states[key] = self._decider.fold(events, self._state(key))

    def _state(self, key: str) -> Any:
        return self._states.get(key, self._decider.initial)


def made(
    cause: Envelope[Any], author: ProcessorName, version: int, step: int, event: Any, took: int
) -> Envelope[Any]:
    """Return what came of a cause, so long after it; it stands at no offset of the log."""
    head = {
        CAUSATION: cause.event_id.encode(),
        PROCESSOR: f"{author}/{version}".encode(),
    }
    return cause._replace(
        event=event,
        event_id=of_decision(cause.event_id, author, step),
        offset=-1,
        recorded_at_ms=cause.recorded_at_ms + took,
        head=head,
    )
