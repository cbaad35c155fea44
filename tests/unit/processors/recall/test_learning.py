"""Weights learned from questions whose answers are known."""

from dataclasses import replace

import numpy as np

from processors.recall.features import FEATURES
from processors.recall.learning import Comparison, Example, compared, learned
from processors.recall.ranking import UNTRAINED, Weights, adopted, adoption, fused

CHANCE = np.random.default_rng(5)
TRUE = np.zeros(len(FEATURES))
TRUE[[0, 2, 3]] = 2.0, 1.0, -1.0


def examples(count: int) -> list[Example]:
    """Questions whose answer is what the true weights put first, as a rule."""
    made = []
    for _ in range(count):
        rows = CHANCE.normal(size=(30, len(FEATURES)))
        scores = rows @ TRUE + CHANCE.gumbel(size=30)
        made.append(Example(rows, scores == scores.max()))
    return made


def test_the_weights_that_made_the_answers_are_found() -> None:
    found = np.array(learned(examples(400)).values)
    assert np.abs(found - TRUE).max() < 0.35


def test_the_same_examples_give_the_same_weights() -> None:
    some = examples(20)
    assert learned(some) == learned(some)
    assert learned(some).name == learned(some).name


def test_nothing_is_learned_from_questions_without_an_answer() -> None:
    rows = CHANCE.normal(size=(3, len(FEATURES)))
    nothing = Weights((0.0,) * len(FEATURES))
    assert learned([]) == nothing
    assert learned([Example(rows, np.zeros(3, np.bool_))]) == nothing


def test_features_of_great_spread_do_not_break_learning() -> None:
    rows = CHANCE.normal(size=(50, len(FEATURES))) * 30
    found = learned([Example(rows, np.arange(50) == 7)], penalty=0.1)
    assert fused(rows, found).argmax() == 7


def test_weights_are_named_by_their_content() -> None:
    assert UNTRAINED.name == Weights(UNTRAINED.values).name
    assert UNTRAINED.name != Weights(tuple(v + 1 for v in UNTRAINED.values)).name


def test_adopted_weights_are_those_that_were_learned() -> None:
    by = learned(examples(20))
    event = adoption(by, 20, "better")
    assert adopted(event) == by
    assert event.name == by.name


def test_a_feature_nobody_knows_any_more_counts_nothing() -> None:
    event = adoption(UNTRAINED, 0, "")
    features, values = ("forgotten", *event.features[1:]), event.values
    found = adopted(replace(event, features=features, values=values))
    assert found == Weights((0.0, *values[1:]))


def test_better_weights_win_by_more_than_luck() -> None:
    some, right, wrong = examples(60), Weights(tuple(TRUE)), Weights(tuple(-TRUE))
    better, worse = compared(right, wrong, some), compared(wrong, right, some)
    assert better.wins == worse.losses > 30
    assert better.luck < 0.001
    assert worse.luck > 0.999


def test_weights_are_no_better_than_themselves() -> None:
    assert compared(UNTRAINED, UNTRAINED, examples(9)) == Comparison(0, 0, 1.0)
    assert compared(UNTRAINED, UNTRAINED, []) == Comparison(0, 0, 1.0)
