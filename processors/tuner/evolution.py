"""How the tuner's own decisions change what it remembers."""

from dataclasses import replace
from typing import assert_never

from processors.tuner.state import HISTORY_MAX, Evidence, Tuning
from streams.events import tuning as t

Decided = (
    t.ExamplesNoted
    | t.FeedbackAccepted
    | t.FeedbackRefused
    | t.TrainingRequested
    | t.TrainingSettled
    | t.ComparisonRequested
    | t.EvidenceWeighed
    | t.WeightsPromoted
    | t.WeightsRejected
    | t.RollbackRefused
)


def evolve(state: Tuning, event: Decided) -> Tuning:
    """Take in one decision."""
    match event:
        case t.ExamplesNoted(capability=capability, version=version, encoder=encoder):
            versions = state.versions.put(capability, version)
            return replace(state, versions=versions, encoder=encoder, behind=True)
        case t.FeedbackAccepted():
            return replace(state, fresh=state.fresh + 1, unjudged=state.unjudged + 1)
        case t.TrainingRequested(training_id=training):
            # what was behind is taught by this training, and puts its weights in force at once
            return replace(state, training=training, taught=state.behind, behind=False, fresh=0)
        case t.TrainingSettled(candidate=candidate, since=since):
            settled = replace(state, training="", taught=False)
            if not candidate:
                return settled
            return replace(settled, candidate=candidate, since=since, unjudged=0, comparing=False)
        case t.ComparisonRequested(through=through):
            return replace(state, comparing=True, since=through, unjudged=0)
        case t.EvidenceWeighed(judged=judged, better=better, worse=worse):
            seen = state.evidence
            added = Evidence(seen.judged + judged, seen.better + better, seen.worse + worse)
            return replace(state, comparing=False, evidence=added)
        case t.WeightsPromoted():
            return _promoted(state, event)
        case t.FeedbackRefused() | t.WeightsRejected() | t.RollbackRefused():
            return state
        case _:
            assert_never(event)


def _promoted(state: Tuning, event: t.WeightsPromoted) -> Tuning:
    """Put weights in force; what was taken back is not to come again by itself."""
    if event.rolled_back:
        history, barred = state.history[:-1], event.replaces
    else:
        history, barred = (*state.history, event.version)[-HISTORY_MAX:], state.barred
    return replace(
        state,
        history=history,
        barred=barred,
        candidate="",
        comparing=False,
        evidence=Evidence(),
    )
