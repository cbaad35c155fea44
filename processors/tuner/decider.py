"""Which weights are in force: refitted as lessons arrive, promoted on evidence, taken back on word.

New examples put refitted weights in force at once, for whoever registers a capability wants it
used; of feedback they learn what those before had learned. More of it needs evidence: a refit must
first be better on later feedback than what is in force. Successive refits are judged as one, each
by what came after it.
"""

from functools import reduce
from typing import assert_never

from processors.classifier.exact import exact
from processors.tuner.evolution import Decided, evolve
from processors.tuner.gate import chance, passes
from processors.tuner.state import REFIT_EVERY, Tuning
from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.events import tuning as t
from streams.ids import ProcessorName, derived
from streams.topics import TUNING

#: So much new feedback makes a comparison worth a look.
COMPARE_EVERY = 100

Inputs = (
    t.ExamplesLearned
    | t.FeedbackGiven
    | t.WeightsTrained
    | t.TrainingFailed
    | t.WeightsCompared
    | t.RollbackRequested
)


def decide(state: Tuning, cause: Envelope[Inputs], _: None) -> tuple[Decided, ...]:
    """Take one step of the cycle from lessons to weights in force."""
    event = cause.event
    match event:
        case t.ExamplesLearned():
            return _note(state, cause, event)
        case t.FeedbackGiven():
            return _heed(state, cause, event)
        case t.WeightsTrained(training_id=training) | t.TrainingFailed(training_id=training):
            return _settle(state, cause, event) if training == state.training else ()
        case t.WeightsCompared():
            return _weigh(state, event)
        case t.RollbackRequested():
            return _roll_back(state, event)
        case _:
            assert_never(event)


def _note(state: Tuning, cause: Envelope[Inputs], event: t.ExamplesLearned) -> tuple[Decided, ...]:
    if (state.versions.get(event.capability) or 0) >= event.version:
        return ()
    noted = t.ExamplesNoted(
        capability=event.capability, version=event.version, encoder=event.encoder
    )
    if state.training:
        return (noted,)
    return (noted, _taught(state, cause, f"{event.capability} has new examples"))


def _heed(state: Tuning, cause: Envelope[Inputs], event: t.FeedbackGiven) -> tuple[Decided, ...]:
    wrong = _fault(state, event)
    if wrong is not None:
        return (wrong,)
    accepted = t.FeedbackAccepted(run_id=event.run_id)
    if not state.training and state.fresh + 1 >= REFIT_EVERY:
        return (accepted, _training(cause, f"{state.fresh + 1} new lessons", cause.offset))
    if _worth_a_look(state, state.unjudged + 1):
        return (accepted, _comparison(state, cause.offset))
    return (accepted,)


def _fault(state: Tuning, event: t.FeedbackGiven) -> t.FeedbackRefused | None:
    named = event.chosen if event.label is None else event.label
    if event.encoder != state.encoder:
        reason = "other_encoder"
        detail = f"its vector is by {event.encoder}; lessons here are by {state.encoder or 'none'}"
    elif exact(event.vector) is None:
        reason, detail = "bad_vector", "its vector is none of length 1"
    elif named is not None and not state.knows(named):
        reason, detail = "unknown_capability", f"no capability is called {named!r}"
    elif named is None and not event.none_of_these:
        reason, detail = "no_label", "it says neither what was chosen nor what would be right"
    else:
        return None
    return t.FeedbackRefused(run_id=event.run_id, reason=reason, detail=detail)


def _settle(
    state: Tuning, cause: Envelope[Inputs], event: t.WeightsTrained | t.TrainingFailed
) -> tuple[Decided, ...]:
    """End a training: promote, keep as a candidate, or reject; begin the next if it is due."""
    version = event.version if isinstance(event, t.WeightsTrained) else ""
    at_once = state.taught or not state.in_force
    kept = version not in ("", state.in_force, state.barred) and not at_once
    settled = t.TrainingSettled(
        training_id=event.training_id, candidate=version if kept else "", since=cause.offset
    )
    steps: list[Decided] = [settled]
    if kept and state.candidate:
        steps.append(_rejected(state, f"a newer refit, {version}, takes its place"))
    if at_once and version not in ("", state.in_force):
        why = "examples of capabilities changed" if state.in_force else "the first of all"
        if state.candidate:
            steps.append(_rejected(state, f"superseded by {version}: {why}"))
        steps.append(_promoted(state, version, why))
    if state.behind:
        so_far = reduce(evolve, steps, state)
        steps.append(_taught(so_far, cause, "more examples arrived during the last training"))
    return tuple(steps)


def _weigh(state: Tuning, event: t.WeightsCompared) -> tuple[Decided, ...]:
    if not state.comparing or (event.version, event.against) != (state.candidate, state.in_force):
        return ()
    judged = state.evidence.judged + event.judged
    better = state.evidence.better + event.better
    worse = state.evidence.worse + event.worse
    if not passes(better, worse):
        return (
            t.EvidenceWeighed(
                version=event.version, judged=event.judged, better=event.better, worse=event.worse
            ),
        )
    told = (
        f"better on {better} and worse on {worse} of {judged} later lessons"
        f" (McNemar, p = {chance(better, worse):.2g})"
    )
    return (_promoted(state, event.version, told),)


def _roll_back(state: Tuning, event: t.RollbackRequested) -> tuple[Decided, ...]:
    if len(state.history) < 2:
        return (t.RollbackRefused(detail="no other weights were in force before these"),)
    before = state.history[-2]
    reason = f"rolled back: {event.reason}" if event.reason else "rolled back"
    return (
        t.WeightsPromoted(version=before, replaces=state.in_force, reason=reason, rolled_back=True),
    )


def _worth_a_look(state: Tuning, unjudged: int) -> bool:
    return bool(state.candidate) and not state.comparing and unjudged >= COMPARE_EVERY


def _comparison(state: Tuning, through: int) -> t.ComparisonRequested:
    return t.ComparisonRequested(
        version=state.candidate, against=state.in_force, since=state.since, through=through
    )


def _taught(state: Tuning, cause: Envelope[Inputs], reason: str) -> t.TrainingRequested:
    """Ask for weights that come into force at once: they learn no feedback that is not in it."""
    return _training(cause, reason, state.learned[-1] if state.learned else cause.offset)


def _training(cause: Envelope[Inputs], reason: str, through: int) -> t.TrainingRequested:
    return t.TrainingRequested(
        training_id=derived(cause.event_id, "training"), reason=reason, feedback_through=through
    )


def _promoted(state: Tuning, version: str, reason: str) -> t.WeightsPromoted:
    return t.WeightsPromoted(
        version=version, replaces=state.in_force, reason=reason, rolled_back=False
    )


def _rejected(state: Tuning, why: str) -> t.WeightsRejected:
    seen = state.evidence
    said = f"not yet better: {seen.better} against {seen.worse} of {seen.judged} later lessons"
    return t.WeightsRejected(version=state.candidate, reason=f"{said}; {why}")


TUNER: Decider[Tuning, Inputs, Decided, None] = Decider(
    name=ProcessorName("tuner"),
    version=2,
    topic=TUNING,
    reads=(
        t.ExamplesLearned,
        t.FeedbackGiven,
        t.WeightsTrained,
        t.TrainingFailed,
        t.WeightsCompared,
        t.RollbackRequested,
    ),
    writes=(
        t.ExamplesNoted,
        t.FeedbackAccepted,
        t.FeedbackRefused,
        t.TrainingRequested,
        t.TrainingSettled,
        t.ComparisonRequested,
        t.EvidenceWeighed,
        t.WeightsPromoted,
        t.WeightsRejected,
        t.RollbackRefused,
    ),
    initial=Tuning(),
    decide=decide,
    evolve=evolve,
    grid=NO_GRID,
)
