"""Every run of a partition as it was, in one pass over the log.

What the deciders knew when a run began is kept while the run is open: states are values, so that
costs nothing but a reference.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from replay.past import Past, Standpoint
from replay.unrepeated import opened
from streams.envelope import Decision, Envelope, Origin
from streams.events.sessions import RequestReceived, ResponseCompleted, RunFailed
from streams.ids import EventId, RunId
from streams.io.standing import AnyDecider
from streams.io.wire import Wire
from streams.ledger import Ledger
from streams.log import EventLog
from streams.topics import GRID_KEY, SESSIONS

ENDS = (ResponseCompleted, RunFailed)


class _Open:
    """A run under way."""

    def __init__(self, first: Envelope[Any], points: list[Standpoint]) -> None:
        self.run_id: RunId = first.run_id
        self.key = first.key
        self.offset = first.offset
        self.points = points
        self.stream: dict[EventId, Envelope[Any]] = {}

    def past(self) -> Past:
        return Past(self.run_id, self.run_id, self.key, tuple(self.stream.values()), self.points)


class Histories:
    """Yields the runs of one partition as they end."""

    def __init__(self, deciders: Sequence[AnyDecider]) -> None:
        self._ledgers = [Ledger[Any](decider) for decider in deciders]
        self._grids = [decider.grid.initial for decider in deciders]
        self._open: dict[str, list[_Open]] = {}

    def read(self, envelope: Envelope[Any], origin: Origin) -> Iterator[Past]:
        """Take the next event; yield the runs that it ends."""
        event, key = envelope.event, envelope.key
        if isinstance(event, RequestReceived):
            self._open.setdefault(key, []).append(_Open(envelope, self._points(key)))
        self._fold(envelope, origin)
        for run in self._concerned(key):
            run.stream.setdefault(envelope.event_id, envelope)
        if isinstance(event, ENDS):
            yield from self._end(key, event.run_id)

    def _concerned(self, key: str) -> Iterator[_Open]:
        if key != GRID_KEY:
            yield from self._open.get(key, ())
        else:
            for runs in self._open.values():
                yield from runs

    def _points(self, key: str) -> list[Standpoint]:
        return [
            Standpoint(ledger.decider, ledger.states.get(key, ledger.decider.initial), grid)
            for ledger, grid in zip(self._ledgers, self._grids, strict=True)
        ]

    def _fold(self, envelope: Envelope[Any], origin: Origin) -> None:
        for at, ledger in enumerate(self._ledgers):
            if isinstance(envelope.event, ledger.decider.grid.reads):
                self._grids[at] = ledger.decider.grid.evolve(self._grids[at], envelope.event)
            if isinstance(origin, Decision) and origin.processor == ledger.decider.name:
                ledger.recall(envelope.key, origin.cause, envelope.event)
                self._mend(at, ledger, envelope.key, origin.cause.offset)

    def _mend(self, at: int, ledger: Ledger[Any], key: str, cause: int) -> None:
        """A run that began meanwhile began with what was decided on inputs before it."""
        for run in self._open.get(key, ()):
            if cause < run.offset:
                state = ledger.states.get(key, ledger.decider.initial)
                run.points[at] = run.points[at]._replace(state=state)

    def _end(self, key: str, run_id: RunId) -> Iterator[Past]:
        runs = self._open.get(key, [])
        for run in runs:
            if run.run_id == run_id:
                runs.remove(run)
                yield run.past()
                break
        if not runs:
            self._open.pop(key, None)


def histories(
    deciders: Sequence[AnyDecider], log: EventLog, wire: Wire, partition: int
) -> Iterator[Past]:
    """Yield every run of a partition that is over, in the order in which they ended."""
    made = Histories(deciders)
    for _, entries in opened(log, wire, SESSIONS.name, partition):
        for entry in entries:
            yield from made.read(*entry)
