"""A question on its way: what happens to it stands in its session, in order, up to one end."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aether_grid.errors import BadEvent, RunFailed
from aether_grid.wire import Event

if TYPE_CHECKING:
    from aether_grid.grid import Grid

ENDS = ("aether.sessions.ResponseCompleted", "aether.sessions.RunFailed")


class Run:
    """A question on its way through the grid."""

    def __init__(self, grid: "Grid", run_id: str, topic: str, starts: Mapping[int, int]) -> None:
        self.run_id = run_id
        self._grid = grid
        self._topic = topic
        self._starts = starts

    def events(self, timeout_s: float = 60.0) -> Iterator[Event]:
        """Yield what happens in this run, in order, up to its end. Raises TimedOut."""
        for event in self._grid.follow(self._topic, self._starts, timeout_s=timeout_s):
            if event.run_id == self.run_id:
                yield event
                if event.name in ENDS:
                    return

    def answer(self, timeout_s: float = 60.0) -> dict[str, Any]:
        """Return the answer: `text`, `citations`, `capability`, `model` and more.

        Raises RunFailed if there is none, TimedOut if it did not come in time.
        """
        *_, last = self.events(timeout_s)
        if last.value is None:
            raise BadEvent(f"the answer is large and lies in the object store: {last.dataref}")
        if last.name != ENDS[0]:
            raise RunFailed(last.value["reason"], last.value["detail"])
        return last.value
