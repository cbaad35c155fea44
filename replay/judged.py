"""What people said of runs and forks, and which event says so; of two sayings the later counts."""

from collections.abc import Mapping
from typing import NamedTuple

from replay.figures import Told
from replay.unrepeated import Ends, opened
from streams.events.tuning import FeedbackGiven, ForkJudged, Verdict
from streams.ids import EventId, RunId
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import TUNING

KINDS = frozenset({FeedbackGiven, ForkJudged})


class Judgement(NamedTuple):
    """What was said of a run or a fork, and the event that says it."""

    told: Told
    event_id: EventId


def judgements(log: EventLog, wire: Wire, ends: Ends | None = None) -> Mapping[RunId, Judgement]:
    """Return what was said of each run and fork, up to some ends or those of now."""
    found: dict[RunId, Judgement] = {}
    for partition in range(log.partitions(TUNING.name)):
        end = (ends or {}).get((TUNING.name, partition))
        for _, entries in opened(log, wire, TUNING.name, partition, KINDS, end):
            for said, _ in entries:
                found[said.event.run_id] = Judgement(told_by(said.event), said.event_id)
    return found


def told_by(said: FeedbackGiven | ForkJudged) -> Told:
    """Return what a saying is worth; that of a fork is about no capability."""
    if isinstance(said, ForkJudged):
        return Told(float(said.verdict is Verdict.RIGHT), None)
    if said.verdict is Verdict.RIGHT:
        return Told(1.0, said.chosen or "")  # to send it nowhere was right, too
    reward = float(said.label is not None and said.label == said.chosen)
    return Told(reward, "" if said.none_of_these else said.label)
