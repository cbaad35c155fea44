"""How the tuner's own decisions change what it remembers."""

from dataclasses import replace
from typing import assert_never

from processors.tuner.state import HISTORY_MAX, REFIT_EVERY, Evidence, Tuning
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
        case t.TrainingRequested(training_id=training, feedback_through=through):
            # what was behind is taught by this training, and puts its weights in force at once
            asked = replace(state, training=training, taught=state.behind, behind=False)
            learns_more = through is None or through not in state.learned[-1:]
            return replace(asked, through=through, fresh=0 if learns_more else state.fresh)
        case t.TrainingSettled():
            return _settled(state, event)
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


def _settled(state: Tuning, event: t.TrainingSettled) -> Tuning:
    # trainings of old did not say through which feedback they learned: no further than this
    through = event.since if state.through is None else state.through
    settled = replace(state, training="", taught=False, through=through)
    if not event.candidate:
        return settled
    return replace(
        settled,
        candidate=event.candidate,
        candidate_through=through,
        since=event.since,
        unjudged=0,
        comparing=False,
    )


def _promoted(state: Tuning, event: t.WeightsPromoted) -> Tuning:
    """Put weights in force; what was taken back is not to come again by itself."""
    decided = replace(state, candidate="", comparing=False, evidence=Evidence())
    if event.rolled_back:
        history, learned = state.history[:-1], state.learned[:-1]
        return replace(decided, history=history, learned=learned, barred=event.replaces)
    tried = event.version == state.candidate
    through = state.candidate_through if tried else state.through
    return replace(
        decided,
        history=(*state.history, event.version)[-HISTORY_MAX:],
        learned=(*state.learned, -1 if through is None else through)[-HISTORY_MAX:],
        # what a superseded candidate had learned is still to be learned
        fresh=REFIT_EVERY if state.candidate and not tried else state.fresh,
    )
