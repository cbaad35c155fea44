"""Every run of a partition as it was, in one pass over the log.

What the deciders knew when a run began is kept while the run is open: states are values, so that
costs nothing but a reference.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from replay.grid import Rule, folded
from replay.past import Past, Standpoint
from replay.travel import Moment
from replay.travel import facts as facts_until
from replay.unrepeated import opened
from streams.envelope import Decision, Envelope, Origin
from streams.events.sessions import RequestReceived, ResponseCompleted, RunFailed
from streams.ids import EventId, RunId
from streams.io.snapshots import Snapshot
from streams.io.standing import AnyDecider, Standing
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
        self.began = Moment(first.partition, first.offset)
        self.points = points
        self.stream: dict[EventId, Envelope[Any]] = {}

    def past(self) -> Past:
        stream = tuple(self.stream.values())
        return Past(self.run_id, self.run_id, self.key, stream, self.points, self.began)


class Histories:
    """Yields the runs of one partition as they end; `rule` says what facts they hear.

    What is read begins where the earliest of the standings was taken. Under a rule that says as of
    when facts are in force, no others are heard.
    """

    def __init__(self, standings: Sequence[Standing], rule: Rule | None = None) -> None:
        self._ledgers = [standing.ledger for standing in standings]
        self._since = [standing.since for standing in standings]
        self._grids = [standing.grid for standing in standings]
        self._rule, self._fixed = rule, rule is not None and rule.as_of is not None
        self._open: dict[str, list[_Open]] = {}

    def read(self, envelope: Envelope[Any], origin: Origin) -> Iterator[Past]:
        """Take the next event; yield the runs that it ends."""
        event, key = envelope.event, envelope.key
        if key == GRID_KEY:
            self._hear(envelope)
        elif isinstance(event, RequestReceived):
            self._open.setdefault(key, []).append(_Open(envelope, self._points(key)))
        self._fold(envelope, origin)
        for run in self._open.get(key, ()):
            run.stream.setdefault(envelope.event_id, envelope)
        if isinstance(event, ENDS):
            yield from self._end(key, event.run_id)

    def _hear(self, envelope: Envelope[Any]) -> None:
        """Take a fact of the grid in, as its rule tells it."""
        if self._fixed:
            return
        if self._rule is not None:
            envelope = envelope._replace(event=self._rule.told(envelope.event))
        for at, grid in enumerate(ledger.decider.grid for ledger in self._ledgers):
            if isinstance(envelope.event, grid.reads) and envelope.offset >= self._since[at]:
                self._grids[at] = grid.evolve(self._grids[at], envelope.event)
        for runs in self._open.values():
            for run in runs:
                run.stream.setdefault(envelope.event_id, envelope)

    def _points(self, key: str) -> list[Standpoint]:
        return [
            Standpoint(ledger.decider, ledger.states.get(key, ledger.decider.initial), grid)
            for ledger, grid in zip(self._ledgers, self._grids, strict=True)
        ]

    def _fold(self, envelope: Envelope[Any], origin: Origin) -> None:
        for at, ledger in enumerate(self._ledgers):
            if isinstance(origin, Decision) and origin.processor == ledger.decider.name:
                ledger.recall(envelope.key, origin.cause, envelope.event)
                self._mend(at, ledger, envelope.key, origin.cause.offset)

    def _mend(self, at: int, ledger: Ledger[Any], key: str, cause: int) -> None:
        """A run that began meanwhile began with what was decided on inputs before it."""
        for run in self._open.get(key, ()):
            if cause < run.began.position:
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
    deciders: Sequence[AnyDecider],
    log: EventLog,
    wire: Wire,
    partition: int,
    rule: Rule | None = None,
    end: int | None = None,
    near: Sequence[Standing] | None = None,
) -> Iterator[Past]:
    """Yield every run of a partition that is over, in the order in which they ended.

    With a rule they are as they would have been, had other facts been in force. With standings
    that are `near`, those that began before them are left out.
    """
    standings = near or [Standing(decider, wire, Snapshot(0, [])) for decider in deciders]
    if rule is not None:
        _retell(standings, rule, partition, log, wire)
    made, start = Histories(standings, rule), min((s.since for s in standings), default=0)
    for _, entries in opened(log, wire, SESSIONS.name, partition, end=end, start=start):
        for entry in entries:
            yield from made.read(*entry)


def _retell(
    standings: Sequence[Standing], rule: Rule, partition: int, log: EventLog, wire: Wire
) -> None:
    """Let standings know of the grid what they would know under a rule."""
    for standing in standings:
        upto = rule.position(log, SESSIONS.name, Moment(partition, standing.since))
        told = facts_until(SESSIONS.name, upto, log, wire)
        standing.grid = folded(standing.decider.grid, (rule.told(fact.event) for fact in told))
