"""What if: one change applied to many recorded runs, and what came of it all together.

Each run is forked where the change belongs and compared with what was recorded. Nothing is called:
where the record cannot answer, the run is counted as not covered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from replay.diff import Side, side_of
from replay.fork import Branch, Forked, Forker, How
from replay.offpolicy import Estimates, Logged, estimate
from replay.past import Past
from streams.envelope import Envelope
from streams.events.sessions import RequestReceived, RequestRouted
from streams.ids import RunId

#: Says which runs are meant.
Where = Callable[[Past], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is changed in each run: fields of its first event of a kind, by dotted path."""

    kind: type
    fields: Mapping[str, Any]


class Told(NamedTuple):
    """What people said of a run: a reward from 0 to 1, and who should have answered, if anyone."""

    reward: float | None
    label: str | None


class Row(NamedTuple):
    """One run under the change.

    `before` and `after` name who answered; `propensity` is that of the logged choice. `covered` is
    false where the record had no answer and a stand-in was left.
    """

    run_id: RunId
    question: str
    before: str
    after: str
    propensity: float
    recorded: Side
    forked: Side
    covered: bool
    told: Told

    @property
    def rerouted(self) -> bool:
        """Whether somebody else answers now."""
        return self.before != self.after

    @property
    def differs(self) -> bool:
        """Whether the run comes to something else."""
        return self.recorded[:2] != self.forked[:2]


@dataclass(slots=True)
class Report:
    """All runs together; runs that never came to the changed event are `passed_over`."""

    rows: list[Row] = field(default_factory=list)
    passed_over: int = 0

    @property
    def covered(self) -> list[Row]:
        """The runs that the record could answer to the end."""
        return [row for row in self.rows if row.covered]

    @property
    def moves(self) -> Counter[tuple[str, str]]:
        """How many runs went from whom to whom."""
        return Counter((row.before, row.after) for row in self.rows if row.rerouted)

    @property
    def wins(self) -> int:
        """How many runs now go where they should have gone, and did not."""
        return sum(row.rerouted and row.after == row.told.label for row in self.rows)

    @property
    def losses(self) -> int:
        """How many runs went where they should, and now do not."""
        return sum(row.rerouted and row.before == row.told.label for row in self.rows)

    def tokens(self, side: str) -> int:
        """Return the tokens of all covered runs, `recorded` or `forked`."""
        sides: Iterable[Side] = (getattr(row, side) for row in self.covered)
        return sum(s.prompt_tokens + s.completion_tokens for s in sides)

    @property
    def estimates(self) -> Estimates | None:
        """What the changed policy would have earned, over the runs that somebody judged."""
        judged = [row for row in self.rows if row.told.reward is not None and row.propensity > 0]
        rewards = [row.told.reward or 0.0 for row in judged]
        mean = sum(rewards) / len(rewards) if rewards else 0.0
        return estimate(
            [
                Logged(row.propensity, float(not row.rerouted), reward, mean, mean)
                for row, reward in zip(judged, rewards, strict=True)
            ]
        )


def whatif(
    pasts: Iterable[Past],
    change: Change,
    forker: Forker,
    told: Mapping[RunId, Told],
    where: Where = lambda _: True,
) -> Iterator[Row | None]:
    """Yield what comes of each run that is meant; None for one that is passed over."""
    for past in pasts:
        if not where(past):
            continue
        at = past.first(change.kind)
        if at is None:
            yield None
            continue
        forked = forker.fork(past, Branch(at=at, changes=change.fields))
        yield _row(past, forked, told.get(past.run_id, Told(None, None)))


def _row(past: Past, forked: Forked, told: Told) -> Row:
    own = [envelope for envelope in past.stream if envelope.run_id == past.run_id]
    before, after = _routed(own), _routed(forked.events)
    return Row(
        run_id=past.run_id,
        question=next((e.event.text for e in own if isinstance(e.event, RequestReceived)), ""),
        before=before.capability if before else "",
        after=after.capability if after else "",
        propensity=before.propensity if before else 0.0,
        recorded=side_of(own),
        forked=side_of(forked.events),
        covered=forked.count(How.STUBBED) == 0,
        told=told,
    )


def _routed(events: Sequence[Envelope[Any]]) -> RequestRouted | None:
    return next((e.event for e in events if isinstance(e.event, RequestRouted)), None)
