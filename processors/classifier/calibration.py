"""How much a decision is worth, learned from decisions about what was held out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from processors.classifier.exact import COSINE_SCALE
from processors.classifier.folds import Judged, Late, folds, together
from processors.classifier.regression import Examples, Fitted, Floats, Labels
from streams.events.weights import Calibration

Reals = NDArray[np.float64]

#: With fewer labels, leaving out a third of them leaves a different task.
LABELS_MIN = 6
#: How much the nearest example may add to a logit, and by how much logits may be too timid.
PULLS, SHARPER = (0.0, 2.5, 5.0, 10.0), (0.7, 1.0, 1.4, 2.0, 2.8)


def calibrated(
    right: Examples, count: int, outside: Floats, wrong: Examples, fitted: Fitted
) -> Calibration:
    """Return the calibration of what was fitted with labels from 0."""
    if count < LABELS_MIN:
        return Calibration(
            fitted=False, bias=0.0, logit=0.0, pull=0.0,
            late_scale=COSINE_SCALE, late_bias=_level(*right, count, fitted),
        )  # fmt: skip
    judged, late = zip(*folds(right, count, outside, wrong), strict=True)
    pull = min(PULLS, key=lambda pull: _surprise(judged, pull))
    bias, logit = _confidence(judged, pull)
    seen = Late(*map(np.concatenate, zip(*late, strict=True)))
    level, scale = _logistic(seen.cosines, seen.own, seen.mass, -seen.rivals)
    return Calibration(
        fitted=True, bias=bias, logit=logit, pull=pull, late_scale=scale, late_bias=level
    )


def _surprise(judged: Sequence[Judged], pull: float) -> float:
    """Return the negative log-likelihood of the right labels, at the temperature that fits best."""
    return min(
        sum(_loss(fold, pull, np.float32(sharper)) for fold in judged) for sharper in SHARPER
    )


def _loss(fold: Judged, pull: float, sharper: np.float32) -> float:
    known = fold.answers >= 0
    logits = (fold.logits[known] + np.float32(pull) * fold.cosines[known]) * sharper
    own = logits[np.arange(len(logits)), fold.answers[known]]
    return float((together(logits) - own).sum())


def _confidence(judged: Sequence[Judged], pull: float) -> tuple[float, float]:
    tops, rights = [], []
    for fold in judged:
        logits = fold.logits + np.float32(pull) * fold.cosines
        best = logits.argmax(1)
        tops.append(logits[np.arange(len(best)), best])
        rights.append(best == fold.answers)
    mass = np.concatenate([fold.mass for fold in judged])
    return _logistic(np.concatenate(tops).astype(np.float64), np.concatenate(rights), mass)


def _level(vectors: Floats, labels: Labels, count: int, fitted: Fitted) -> float:
    """Return the bias that makes an example as much at home with its centroid as with its row."""
    cosines = np.empty(len(vectors))
    for label in range(count):
        mine = vectors[labels == label]
        others = mine.sum(0) - mine
        cosines[labels == label] = (mine * others).sum(1) / np.linalg.norm(others, axis=1)
    own = fitted.logits(vectors)[np.arange(len(labels)), labels].mean()
    return float(own - COSINE_SCALE * cosines.mean())


def _logistic(
    feature: Reals, target: NDArray[np.bool_], mass: Reals, offset: Reals | float = 0.0
) -> tuple[float, float]:
    """Return bias and slope of a logistic regression with given log-odds `offset` (Newton)."""
    middle, spread = feature.mean(), feature.std() + 1e-9
    inputs = np.stack([(feature - middle) / spread, np.ones(len(feature))], 1)
    mass = mass / mass.sum()
    prior = np.eye(2) * (1e-4 + 0.3 / len(feature))
    found = np.zeros(2)
    for _ in range(60):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ found + offset, -30, 30)))
        slope = inputs.T @ (mass * (chance - target)) + prior @ found
        bend = (inputs.T * (mass * np.maximum(chance * (1 - chance), 1e-3))) @ inputs + prior
        step = np.linalg.solve(bend, slope)
        found -= step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
    slope_of = float(found[0] / spread)
    return float(found[1] - slope_of * middle), slope_of
