"""Multinomial logistic regression over frozen vectors: convex, so what it finds is the optimum.

With examples that are only known to be wrong it is not convex; from zero it always ends the same.

L-BFGS (Nocedal & Wright, algorithm 7.4) that starts from the vectors' own second moments as its
Hessian: a bound of the true one (Böhning 1992), which saves two thirds of the steps.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]

#: Strength of the examples against the prior that all weights are 0, as in scikit-learn.
STRENGTH = 20.0
STEPS, MEMORY, DONE = 30, 8, 2e-3


class Examples(NamedTuple):
    """Vectors `float32[n, d]`, and of each its label's number: the right one, or a wrong one."""

    vectors: Floats
    labels: Labels


class Fitted(NamedTuple):
    """One row and one bias per label; over the labels both add up to zero."""

    rows: Floats
    biases: Floats

    def logits(self, vectors: Floats) -> Floats:
        """Return `float32[n, labels]`."""
        return vectors @ self.rows.T + self.biases


def fit(right: Examples, count: int, wrong: Examples | None = None) -> Fitted:
    """Fit `count` labels, numbered from 0; `wrong` are examples that do not belong to theirs."""
    inputs = _inputs(right)
    moments = inputs.T.astype(np.float64) @ inputs
    prior = np.eye(len(moments)) / STRENGTH
    inverse = np.linalg.inv(moments / count + prior).astype(np.float32)
    start = np.zeros((count, len(moments)), np.float32)
    losses: list[_Loss] = [_Right(inputs, right.labels)]
    if wrong is not None and len(wrong.labels):
        losses.append(_Wrong(_inputs(wrong), wrong.labels))
    found = _minimum(_Sum(losses), start, inverse)
    found -= found.mean(0)  # the loss is blind to it, and logits of two fits become comparable
    return Fitted(found[:, :-1], found[:, -1])


def _inputs(examples: Examples) -> Floats:
    """Return the vectors with a one for the bias."""
    return np.hstack([examples.vectors, np.ones((len(examples.vectors), 1), np.float32)])


#: Returns what weights lose, and the slope there.
_Loss = Callable[[Floats], tuple[float, Floats]]


class _Sum:
    """All losses together with the prior."""

    def __init__(self, losses: Sequence[_Loss]) -> None:
        self._losses = losses

    def __call__(self, weights: Floats) -> tuple[float, Floats]:
        value = _dot(weights, weights) / STRENGTH / 2
        slope: Floats = weights / np.float32(STRENGTH)
        for loss in self._losses:
            more, steeper = loss(weights)
            value += more
            slope += steeper
        return value, slope


class _Right:
    """Negative log-likelihood of the right labels."""

    def __init__(self, inputs: Floats, labels: Labels) -> None:
        self._inputs = inputs
        self._own = np.arange(len(labels)), labels

    def __call__(self, weights: Floats) -> tuple[float, Floats]:
        shares: Floats = self._inputs @ weights.T
        shares -= shares.max(1, keepdims=True)
        own = shares[self._own].sum(dtype=np.float64)
        np.exp(shares, out=shares)
        total = shares.sum(1, keepdims=True)
        shares /= total
        shares[self._own] -= 1
        return float(np.log(total).sum(dtype=np.float64) - own), shares.T @ self._inputs


class _Wrong:
    """Negative log-likelihood of any label but the wrong one.

    It asks for nothing else: what it takes from the wrong one goes to the others by their shares.
    """

    def __init__(self, inputs: Floats, labels: Labels) -> None:
        self._inputs = inputs
        self._own = np.arange(len(labels)), labels

    def __call__(self, weights: Floats) -> tuple[float, Floats]:
        shares = self._inputs @ weights.T
        shares -= shares.max(1, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(1, keepdims=True)
        own = shares[self._own]
        left = np.maximum(1 - own, np.float32(1e-6))
        slopes = -shares * (own / left)[:, None]
        slopes[self._own] = own
        return float(-np.log(left).sum(dtype=np.float64)), slopes.T @ self._inputs


def _minimum(loss: _Loss, at: Floats, inverse: Floats) -> Floats:
    value, slope = loss(at)
    enough, past = DONE * np.linalg.norm(slope), list[tuple[Floats, Floats, float]]()
    for _ in range(STEPS):
        if np.linalg.norm(slope) <= enough:
            break
        way = -_newton(slope, past, inverse)
        gain, length = _dot(slope, way), np.float32(1)
        while True:
            there = at + length * way
            value_there, slope_there = loss(there)
            if value_there <= value + 1e-4 * float(length) * gain or length < 1e-3:
                break
            length /= 2
        step, bend = there - at, slope_there - slope
        if (curvature := _dot(step, bend)) > 0:
            past = [*past[1 - MEMORY :], (step, bend, 1 / curvature)]
        at, value, slope = there, value_there, slope_there
    return at


def _newton(slope: Floats, past: list[tuple[Floats, Floats, float]], inverse: Floats) -> Floats:
    """Return the inverse Hessian's guess times the slope: the two-loop recursion."""
    way, taken = slope.copy(), []
    for step, bend, inverted in reversed(past):
        taken.append(np.float32(inverted * _dot(step, way)))
        way -= taken[-1] * bend
    way = way @ inverse
    for (step, bend, inverted), part in zip(past, reversed(taken), strict=True):
        way += (part - np.float32(inverted * _dot(bend, way))) * step
    return way


def _dot(left: Floats, right: Floats) -> float:
    return float(np.vdot(left, right))
