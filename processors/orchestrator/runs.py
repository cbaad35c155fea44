"""The runs of a session that are not answered yet, each with what its next step needs."""

from dataclasses import dataclass
from typing import Any

from streams.events.sessions import Passage, PlanMade, RunStarted
from streams.ids import ModelName, RunId
from streams.values import changer, maker

#: A session remembers this many ended runs, so that a request received twice is answered once.
REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Run:
    """An open run; `passages` wait here for the plan, and leave with the inference.

    `asked` is the model that was asked: nobody answers for another.
    """

    run_id: RunId
    request: RunStarted
    plan: PlanMade | None = None
    passages: tuple[Passage, ...] | None = None
    asked: ModelName | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    """The open runs in the order they started, and the names of those that ended last."""

    open: tuple[Run, ...] = ()
    ended: tuple[RunId, ...] = ()

    def knows(self, run_id: RunId) -> bool:
        """Whether the run is open, or ended lately."""
        return run_id in self.ended or self.open_run(run_id) is not None

    def open_run(self, run_id: RunId) -> Run | None:
        """Return an open run."""
        return next((run for run in self.open if run.run_id == run_id), None)

    def with_run(self, run: Run) -> "Runs":
        """Open a run."""
        return _runs((*self.open, run), self.ended)

    def changed(self, run_id: RunId, **changes: Any) -> "Runs":
        """Change an open run."""
        runs = [_change(r, **changes) if r.run_id == run_id else r for r in self.open]
        return _runs(tuple(runs), self.ended)

    def without(self, run_id: RunId) -> "Runs":
        """End a run."""
        runs = [run for run in self.open if run.run_id != run_id]
        return _runs(tuple(runs), (*self.ended, run_id)[-REMEMBERED:])


_runs, _change = maker(Runs), changer(Run)
