"""Weights learned from questions whose answers are known: a softmax over each one's candidates.

New weights count as better only on later questions, by a paired test.

ListNet's top-one loss (Cao and others, 2007) is convex, so that Newton's method finds the one
minimum, from the same examples always the same. No randomness, no learning rate.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.recall.features import FEATURES
from processors.recall.ranking import Weights, fused, order

Matrix = npt.NDArray[np.float64]

#: Strength of the pull towards 0, in examples: a few questions change little.
PENALTY = 10.0
STEPS_MAX, SHRINKS_MAX = 50, 20
SETTLED = 1e-6
#: How many are looked at when two weights are compared.
FIRST = 5


class Example(NamedTuple):
    """One question: z-scores float64[candidates, FEATURES], and which candidates answer it."""

    candidates: Matrix
    answers: npt.NDArray[np.bool_]


def learned(examples: Sequence[Example], penalty: float = PENALTY) -> Weights:
    """Return the weights that rank the answers of these examples best; zeros if there are none."""
    usable = [(x, y / y.sum()) for x, y in examples if y.any()]
    values = np.zeros(len(FEATURES))
    loss = _loss(values, usable, penalty)
    for _ in range(STEPS_MAX):
        gradient, curvature = _slopes(values, usable, penalty)
        step = np.linalg.solve(curvature, gradient)
        for shrink in range(SHRINKS_MAX):
            tried = values - step / 2**shrink
            reached = _loss(tried, usable, penalty)
            if reached <= loss:
                break
        else:
            break
        gained, values, loss = loss - reached, tried, reached
        if gained <= SETTLED * max(1.0, abs(loss)):
            break
    return Weights(tuple(float(round(v, 9)) for v in values))


def _loss(values: Matrix, examples: Sequence[tuple[Matrix, Matrix]], penalty: float) -> float:
    total = penalty / 2 * float(values @ values)
    for rows, wanted in examples:
        scores = rows @ values
        most = scores.max()
        total += float(most + np.log(np.exp(scores - most).sum()) - wanted @ scores)
    return total


def _slopes(
    values: Matrix, examples: Sequence[tuple[Matrix, Matrix]], penalty: float
) -> tuple[Matrix, Matrix]:
    gradient, curvature = penalty * values, penalty * np.eye(len(values))
    for rows, wanted in examples:
        scores = rows @ values
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        mean = chances @ rows
        gradient = gradient + mean - wanted @ rows
        curvature = curvature + (rows * chances[:, None]).T @ rows - np.outer(mean, mean)
    return gradient, curvature


class Comparison(NamedTuple):
    """Two weights on the same questions: how often each found more, and how likely that is luck."""

    wins: int
    losses: int
    luck: float


def compared(new: Weights, old: Weights, examples: Sequence[Example]) -> Comparison:
    """Compare by the share of answers in the first few; `luck` is of the one-sided sign test."""
    wins = losses = 0
    for example in examples:
        gained = _found(example, new) - _found(example, old)
        wins += gained > 0
        losses += gained < 0
    decided = wins + losses
    luck = sum(math.comb(decided, n) for n in range(wins, decided + 1)) / 2**decided
    return Comparison(wins, losses, luck)


def _found(example: Example, by: Weights) -> float:
    answers = example.answers
    best = order(fused(example.candidates, by), FIRST)
    return float(answers[best].sum() / max(1, answers.sum()))
