"""The tuner: lessons make refits, evidence puts them in force, a word takes them back."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from processors.classifier.exact import Judge, exact
from processors.classifier.training import Lesson
from processors.tuner.comparing import credit, disputed
from processors.tuner.decider import COMPARE_EVERY, TUNER
from processors.tuner.releasing import Releasing
from processors.tuner.state import HISTORY_MAX, REFIT_EVERY, Tuning
from streams.errors import Poison
from streams.events import tuning as t
from streams.ids import CapabilityId
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import SIZE, around, name_of
from tests.unit.processors.tuner.lessons import (
    COME_WITH,
    LABELS,
    Grid,
    Postponed,
    examples,
    feedback,
    registered,
)


def test_examples_put_weights_in_force_as_soon_as_two_labels_have_them() -> None:
    grid = registered()
    assert [f.reason for f in grid.all(t.TrainingFailed)] == ["too_few"]
    assert len(grid.all(t.WeightsPromoted)) == LABELS - 1
    assert grid.state.in_force == grid.all(t.WeightsReleased)[-1].version
    assert len(grid.all(t.WeightsReleased)[-1].weights.labels) == LABELS


def test_examples_that_arrive_during_a_training_wait_for_one_more() -> None:
    grid = Postponed()
    for label in range(LABELS):
        grid.say(examples(label))
    assert len(grid.waiting) == 1
    grid.work()
    assert len(grid.all(t.TrainingRequested)) == 2
    assert len(grid.all(t.WeightsReleased)[-1].weights.labels) == LABELS


def test_an_older_version_of_examples_teaches_nothing() -> None:
    grid = registered()
    grid.say(examples(0, version=3))
    before = len(grid.log)
    grid.say(examples(0, version=2))
    assert len(grid.log) == before + 1


def test_feedback_becomes_weights_only_through_the_gate() -> None:
    grid = registered()
    first = grid.state.in_force
    for number in range(REFIT_EVERY):
        grid.say(feedback(number))
    assert grid.state.in_force == first
    assert grid.state.candidate not in ("", first)
    for number in range(REFIT_EVERY, REFIT_EVERY + COMPARE_EVERY):
        grid.say(feedback(number))
    promoted = grid.all(t.WeightsPromoted)[-1]
    assert promoted.replaces == first
    assert "McNemar" in promoted.reason
    (compared,) = grid.all(t.WeightsCompared)
    assert compared.judged == COMPARE_EVERY  # only what came after the training
    assert compared.better > compared.worse


def verdict(grid: Grid, number: int) -> t.FeedbackGiven:
    """Return what a person says who sees the answer, and does not know the capabilities."""
    meant = feedback(number)
    weights = grid.all(t.WeightsReleased)[-1].weights
    whole = exact(meant.vector)
    assert whole is not None
    said = CapabilityId(
        Judge(weights, frozenset(weights.labels), []).judge(whole, 1).scored[0].label
    )
    if said == meant.label:
        return replace(meant, chosen=said, verdict=t.Verdict.RIGHT)
    return replace(meant, chosen=said, label=None, verdict=t.Verdict.WRONG)


def test_right_and_wrong_alone_become_better_weights_through_the_gate() -> None:
    grid = registered()
    before = grid.state.in_force
    for number in range(2 * (REFIT_EVERY + COMPARE_EVERY)):
        grid.say(verdict(grid, number))
    assert grid.state.in_force != before
    assert "McNemar" in grid.all(t.WeightsPromoted)[-1].reason
    told = [verdict(grid, number) for number in range(9_000, 9_200)]
    assert sum(one.verdict is t.Verdict.RIGHT for one in told) > 180


def test_a_rejection_gives_the_other_only_the_chance_it_gives_itself() -> None:
    weights = registered().all(t.WeightsReleased)[-1].weights
    one, other = (Judge(weights, frozenset({name_of(k), name_of(7)}), []) for k in (0, 1))
    point = around(COME_WITH[0], 1, 3)[0]
    rejected = [Lesson(point, None, name_of(0))] * 10
    share = credit(other, rejected[0])
    assert 0 < share < 1
    assert disputed(other, one, rejected) == (int(10 * share), 0)
    assert disputed(one, other, rejected) == (0, int(10 * share))
    elsewhere = [Lesson(point, None, name_of(5))] * 10
    assert disputed(one, other, elsewhere) == (0, 0), "neither is known to be wrong"


def test_a_refit_that_is_not_better_stays_outside() -> None:
    grid = registered()
    first = grid.state.in_force
    for number in range(3 * REFIT_EVERY):
        told = name_of(random.Random(number).randrange(LABELS))  # whatever the text
        grid.say(feedback(number, vector=around(COME_WITH[number % LABELS], 1, number)[0],
                          label=CapabilityId(told)))  # fmt: skip
    assert grid.state.in_force == first
    assert grid.all(t.WeightsRejected)
    assert "not yet better" in grid.all(t.WeightsRejected)[-1].reason


def test_one_word_takes_the_weights_back_and_they_do_not_come_again_by_themselves() -> None:
    grid = registered()
    before = grid.state.in_force
    for number in range(REFIT_EVERY + COMPARE_EVERY):
        grid.say(feedback(number))
    after = grid.state.in_force
    grid.say(t.RollbackRequested(reason="a person wants it"))
    promoted, released = grid.all(t.WeightsPromoted)[-1], grid.all(t.WeightsReleased)[-1]
    assert (promoted.version, promoted.replaces) == (before, after)
    assert released.version == before == grid.state.in_force
    assert grid.state.barred == after


def lessons_in_force(grid: Grid) -> int:
    trained: list[t.WeightsTrained] = grid.all(t.WeightsTrained)
    (found,) = {one.lessons for one in trained if one.version == grid.state.in_force}
    return found


EXAMPLES = LABELS * 4


def test_new_examples_bring_nothing_back_that_was_taken_back() -> None:
    grid = registered()
    for number in range(REFIT_EVERY + COMPARE_EVERY):
        grid.say(feedback(number))
    assert lessons_in_force(grid) == EXAMPLES + REFIT_EVERY
    grid.say(t.RollbackRequested(reason="a person wants it"))
    grid.say(examples(0, version=2))
    assert "examples" in grid.all(t.WeightsPromoted)[-1].reason
    assert lessons_in_force(grid) == EXAMPLES


def test_new_examples_keep_what_passed_the_gate_and_let_nothing_else_through() -> None:
    grid = registered()
    for number in range(REFIT_EVERY + COMPARE_EVERY):
        grid.say(feedback(number))
    for version in (2, 3):
        grid.say(examples(0, version))
        assert lessons_in_force(grid) == EXAMPLES + REFIT_EVERY
    assert grid.state.fresh == COMPARE_EVERY, "it was asked of no training"


def test_feedback_that_a_superseded_candidate_learned_is_refitted_with_the_next() -> None:
    grid = registered()
    for number in range(REFIT_EVERY):
        grid.say(feedback(number))
    grid.say(examples(0, version=2))
    assert (grid.state.candidate, lessons_in_force(grid)) == ("", EXAMPLES)
    grid.say(feedback(REFIT_EVERY))
    assert grid.all(t.WeightsTrained)[-1].lessons == EXAMPLES + REFIT_EVERY + 1
    assert grid.state.candidate == grid.all(t.WeightsTrained)[-1].version


def test_examples_of_during_the_first_training_let_no_feedback_in_either() -> None:
    grid = Postponed()
    for label in range(2):
        grid.say(examples(label))
    grid.work()
    first = grid.state.learned
    grid.say(examples(2))
    grid.say(feedback(0))
    grid.say(examples(3))
    grid.work()
    assert grid.all(t.TrainingRequested)[-1].feedback_through == first[-1]
    assert set(grid.state.learned) == set(first)


def test_weights_of_before_trainings_said_it_learned_feedback_until_they_were_there() -> None:
    state = Tuning()
    for event in (
        t.TrainingRequested(training_id="old", reason=""),
        t.TrainingSettled(training_id="old", candidate="", since=9),
        t.WeightsPromoted(version="v", replaces="", reason="", rolled_back=False),
    ):
        state = TUNER.evolve(state, event)
    assert (state.history, state.learned) == (("v",), (9,))


def test_there_is_nothing_to_go_back_to_at_first() -> None:
    grid = Grid()
    grid.say(t.RollbackRequested(reason=""))
    assert len(grid.all(t.RollbackRefused)) == 1
    assert grid.state == Tuning()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"label": CapabilityId("nobody")}, "unknown_capability"),
        ({"label": None, "chosen": CapabilityId("nobody")}, "unknown_capability"),
        ({"label": None, "chosen": None}, "no_label"),
        ({"encoder": "other@2"}, "other_encoder"),
        ({"vector": b""}, "bad_vector"),
        ({"vector": b"\x00\x00\xc0\x7f" * SIZE}, "bad_vector"),
    ],
    ids=["label", "chosen", "nothing", "encoder", "empty", "nan"],
)
def test_feedback_that_teaches_nothing_is_refused_with_a_reason(
    given: dict[str, Any], reason: str
) -> None:
    grid = registered()
    before = grid.state
    grid.say(feedback(1, **given))
    (refused,) = grid.all(t.FeedbackRefused)
    assert refused.reason == reason
    assert refused.detail
    assert grid.state == before


def test_feedback_before_any_capability_is_refused() -> None:
    grid = Grid()
    grid.say(feedback(1))
    assert grid.all(t.FeedbackRefused)[0].reason == "other_encoder"


def test_none_of_these_is_a_lesson_too() -> None:
    grid = registered()
    grid.say(feedback(1, label=None, none_of_these=True))
    assert len(grid.all(t.FeedbackAccepted)) == 1


def test_an_outcome_of_another_training_or_comparison_changes_nothing() -> None:
    grid = registered()
    before = grid.state
    trained = grid.all(t.WeightsTrained)[-1]
    grid.say(replace(trained, training_id="another"))
    grid.say(t.WeightsCompared(version="a", against="b", judged=9, better=9, worse=0))
    assert grid.state == before


def test_what_the_tuner_remembers_is_bounded() -> None:
    state = Tuning()
    for number in range(100):
        event = t.WeightsPromoted(version=f"v{number}", replaces="", reason="", rolled_back=False)
        state = TUNER.evolve(state, event)
    assert len(state.history) == HISTORY_MAX


def test_a_release_of_unknown_weights_is_poison() -> None:
    promoted = t.WeightsPromoted(version="gone", replaces="", reason="", rolled_back=False)
    with pytest.raises(Poison, match="gone"):
        asyncio.run(Releasing(Grid()).perform([enveloped(promoted)]))
