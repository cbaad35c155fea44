"""What was held out, as judged without it: the only evidence a calibration may rest on.

A fold leaves out a third of the labels, whose examples then are none of the known ones, and a
fifth of the others' examples. So "none of these" is learned without a single example of it, and
the left out labels show how one that registers later must compete.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.classifier.prototypes import prototypes_of
from processors.classifier.regression import Examples, Fitted, Floats, Labels, fit

Reals = NDArray[np.float64]

LABEL_FOLDS, EXAMPLE_FOLDS = 3, 5
#: For each example held out so much counts what is none of the labels': one request in seven.
OUTSIDE = 0.17
#: Examples of left out labels to judge per fold.
LEFT_OUT_MAX = 2_000
SEED = 0


class Judged(NamedTuple):
    """Logits and cosines to the nearest example, `float32[n, known labels]`.

    `answers` holds the right label's number, or -1 where it is none of the known; `mass` is how
    much each one counts.
    """

    logits: Floats
    cosines: Floats
    answers: Labels
    mass: Reals


class Late(NamedTuple):
    """Cosines to left out labels' centroids; `rivals` is what all known labels say (log-sum-exp).

    `own` says whether the centroid is that of the example's own label.
    """

    cosines: Reals
    rivals: Reals
    own: NDArray[np.bool_]
    mass: Reals


def folds(
    right: Examples, count: int, outside: Floats, wrong: Examples
) -> Iterator[tuple[Judged, Late]]:
    """Fit without a part, and judge that part, once per fold; labels are numbered from 0."""
    vectors, labels = right
    chance = np.random.default_rng(SEED)
    group = chance.permutation(np.arange(count) % LABEL_FOLDS)
    turn = np.empty(len(labels), np.intp)
    for label in range(count):
        mine = np.flatnonzero(labels == label)
        turn[mine] = chance.permutation((np.arange(len(mine)) + label) % EXAMPLE_FOLDS)
    for fold in range(LABEL_FOLDS):
        kept = group != fold
        number, known = np.cumsum(kept) - 1, kept[labels]
        taught = known & (turn != fold)
        held, left = known & (turn == fold), np.flatnonzero(~known)
        if len(left) > LEFT_OUT_MAX:
            left = np.sort(chance.choice(left, LEFT_OUT_MAX, replace=False))
        lessons, answers = vectors[taught], number[labels[taught]]
        fitted = fit(Examples(lessons, answers), int(kept.sum()), _kept(wrong, kept, number))
        near = [prototypes_of(lessons[answers == at]) for at in range(int(kept.sum()))]
        groups = [vectors[held], vectors[left], *([outside] if len(outside) else [])]
        yield (
            _judged(fitted, near, groups, number[labels[held]]),
            _late(fitted, vectors, labels, left, vectors[held]),
        )


def _kept(wrong: Examples, kept: NDArray[np.bool_], number: Labels) -> Examples:
    """Return the examples that do not belong to one of the known labels."""
    known = kept[wrong.labels]
    return Examples(wrong.vectors[known], number[wrong.labels[known]])


def _judged(fitted: Fitted, near: list[Floats], groups: list[Floats], answers: Labels) -> Judged:
    """Judge held-out examples, those of left out labels, and those that are known to be neither."""
    asked = np.concatenate(groups)
    masses = [1.0, *([OUTSIDE] * (len(groups) - 1))]
    return Judged(
        fitted.logits(asked),
        np.stack([(asked @ mine.T).max(1) for mine in near], 1),
        np.concatenate([answers, np.full(len(asked) - len(answers), -1)]),
        np.concatenate(
            [np.full(len(g), m / max(1, len(g))) for g, m in zip(groups, masses, strict=True)]
        ),
    )


def _late(fitted: Fitted, vectors: Floats, labels: Labels, left: Labels, held: Floats) -> Late:
    """Let each left out label compete for its own examples and for those of the known labels.

    It is one label of many: its own examples weigh as much as those of any other.
    """
    cosines, rivals, own, mass = list[Reals](), list[Reals](), list[Reals](), list[Reals]()
    against, known = together(fitted.logits(held)), len(fitted.rows)
    for label in np.unique(labels[left]):
        total, mine = vectors[labels == label].sum(0), vectors[left[labels[left] == label]]
        others = total - mine  # what it would be known by without this example
        cosines.append((mine * others).sum(1) / np.linalg.norm(others, axis=1))
        cosines.append(held @ (total / np.linalg.norm(total)))
        rivals += [together(fitted.logits(mine)), against]
        own += [np.ones(len(mine)), np.zeros(len(held))]
        mass += [np.full(len(mine), 1 / len(mine)), np.full(len(held), known / max(1, len(held)))]
    joined = [np.concatenate(part).astype(np.float64) for part in (cosines, rivals, own, mass)]
    return Late(joined[0], joined[1], joined[2] > 0, joined[3])


def together(logits: Floats) -> Reals:
    """Return the logarithm of the sum of the exponentials, per row."""
    most = logits.max(1)
    total = np.exp(logits - most[:, None]).sum(1)
    return np.asarray(most + np.log(total), dtype=np.float64)
