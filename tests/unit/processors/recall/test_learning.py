"""Weights learned from questions whose answers are known."""

import numpy as np

from processors.recall.features import FEATURES
from processors.recall.learning import Example, learned
from processors.recall.ranking import UNTRAINED, Weights, fused

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
