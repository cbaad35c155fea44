"""Scores in exact arithmetic: the same bits in every batch, worker and machine.

Components are integers held in float64. What is summed stays below 2^53, where float64 adds
integers exactly in any order, so BLAS may sum as it likes. Pure: no IO, clock or chance.
"""

import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.events.weights import Calibration, Weights

Reals = NDArray[np.float64]

#: The integer that stands for 1 in a vector: finer than what a float32 encoder reproduces.
UNIT = 1 << 14
#: A row's components fit 16 bits: 2^14 * 2^15 * sqrt(384) is far below 2^53.
ROW_MAX = (1 << 15) - 1
#: How fine the rows are where nothing was learned.
SHIFT = 10
#: The encoder was trained with a softmax over cosines times this (its model card).
COSINE_SCALE = 20.0
#: Unrelated short texts are about this near to each other under a sentence encoder.
UNRELATED = 0.25

#: How many of the foremost labels are compared with the request example by example.
FOREMOST = 3

_STEPS, _REACH, _TOP = 256, 32, 1 << 38


def _table() -> Reals:
    """Return exp(-i/256) in units of 2^-38: libm's exp differs in the last bit, a table does not.

    Up to 2^15 entries of it add up exactly.
    """
    step, value, entries = (Decimal(-1) / _STEPS).exp(), Decimal(_TOP), []
    for _ in range(_STEPS * _REACH):
        entries.append(int(value.to_integral_value()))
        value *= step
    return np.array([*entries, 0], dtype=np.float64)


_EXP = _table()
_UNTAUGHT = Calibration(
    fitted=False, bias=0.0, logit=0.0, pull=0.0, late_scale=COSINE_SCALE, late_bias=0.0
)


class Scored(NamedTuple):
    """A label and its share of what all labels together are worth (0 to 1)."""

    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The likeliest labels first, how near the best one is, and how likely it is to be right."""

    scored: tuple[Scored, ...]
    nearness: float
    confidence: float


def exact(vector: bytes) -> Reals | None:
    """Read a vector (`float32[n]`, little-endian) as integers; None unless its length is 1."""
    if len(vector) % 4:
        return None
    whole = np.rint(np.frombuffer(vector, "<f4").astype(np.float64) * UNIT)
    square = float(whole @ whole)
    return whole if 0.9 < square / UNIT**2 < 1.1 else None  # false for NaN, too


class Judge:
    """Every label as a row of one matrix: those that were learned, and those known by a centroid.

    A centroid's row is scaled so that it competes with the learned ones: see `Calibration`. Of the
    learned labels only those `in_force` take part.
    """

    def __init__(
        self,
        weights: Weights | None,
        in_force: Container[str],
        centroids: Sequence[tuple[str, bytes]],
    ) -> None:
        rows = [*_learned(weights, in_force)] if weights is not None else []
        calibration = weights.calibration if weights is not None else _UNTAUGHT
        self._unit = float(UNIT << (weights.shift if weights is not None else SHIFT))
        rows += [self._late(label, unpacked(mean), calibration) for label, mean in centroids]
        rows.sort(key=lambda row: row.label)
        self.labels = [row.label for row in rows]
        self._rows = np.array([row.values for row in rows], dtype=np.float64)
        self._biases = np.array([row.bias for row in rows], dtype=np.float64)
        self._near = [row.near for row in rows]
        self._calibration = calibration

    @property
    def dimensions(self) -> int:
        """The length of the vectors it can judge."""
        return int(self._rows.shape[1])

    def _late(self, label: str, mean: Reals, calibration: Calibration) -> "_Row":
        values = np.rint(mean * (calibration.late_scale * self._unit / UNIT**2))
        return _Row(label, values, float(round(calibration.late_bias * self._unit)), mean[None])

    def judge(self, vector: Reals, most: int) -> Judgement:
        """Weigh every label; `most` of them are told. There must be at least one."""
        logits = (self._rows @ vector + self._biases) / self._unit
        foremost = largest(logits, max(most, FOREMOST))
        near = [self._nearness(at, vector) for at in foremost[:FOREMOST]]
        least, pull = min(near), self._calibration.pull  # those not looked at are no nearer
        pulled = [float(logits[at]) for at in foremost]
        for place, cosine in enumerate(near):
            pulled[place] += pull * (cosine - least)
        logits[foremost] = pulled
        top = max(pulled)
        steps = np.minimum((top - logits) * _STEPS, len(_EXP) - 1).astype(np.intp)
        total = float(_EXP[steps].sum())
        order = sorted(range(len(foremost)), key=lambda place: (-pulled[place], place))[:most]
        worth = _EXP[steps[foremost]].tolist()
        scored = tuple(
            [Scored(self.labels[foremost[at]], round(worth[at] / total, 6)) for at in order]
        )
        nearness = near[order[0]] if order[0] < len(near) else 0.0
        confidence = _confidence(self._calibration, top + pull * least, nearness, scored[0].share)
        return Judgement(scored, round(nearness, 6), confidence)

    def nearness(self, label: str, vector: Reals) -> float:
        """Return the cosine of a vector and the nearest of a label's examples."""
        return round(self._nearness(self.labels.index(label), vector), 6)

    def _nearness(self, at: int, vector: Reals) -> float:
        return float(np.dot(self._near[at], vector).max()) / UNIT**2


def largest(values: Reals, count: int) -> list[int]:
    """Return the places of so many largest, the largest first and of equals the earlier one.

    A third of the time of sorting all of them.
    """
    places = list(range(len(values)))
    if count < len(values):
        least = np.partition(values, -count)[-count]
        places = np.flatnonzero(values >= least).tolist()
    return sorted(places, key=lambda at: (-values[at], at))[:count]


def _confidence(by: Calibration, logit: float, nearness: float, share: float) -> float:
    """Return how likely the best label is right.

    Without evidence: its share, if it is not nearer to nothing than to the text.
    """
    if by.fitted:
        return sigmoid(by.bias + by.logit * logit)
    return round(share * sigmoid(COSINE_SCALE * (nearness - UNRELATED)), 6)


def sigmoid(value: float) -> float:
    """Return 1 / (1 + e^-value), rounded to six places: what libms disagree about is beyond."""
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, value)))), 6)


class _Row(NamedTuple):
    """A label in the matrix, and what its examples look like."""

    label: str
    values: Reals
    bias: float
    near: Reals


def _learned(weights: Weights, in_force: Container[str]) -> Iterator[_Row]:
    rows = unpacked(weights.rows).reshape(-1, weights.dimensions)
    ends = np.cumsum(weights.prototype_counts)[:-1]
    near = np.split(unpacked(weights.prototypes).reshape(-1, weights.dimensions), ends)
    for label, values, bias, mine in zip(weights.labels, rows, weights.biases, near, strict=True):
        if label in in_force:
            yield _Row(label, values, float(bias), mine)


def centroid(vectors: Sequence[bytes]) -> bytes | None:
    """Return the mean direction (`int16[n]`, units of 2^-14); None if a vector is none of length 1.

    Vectors that cancel each other have none, either.
    """
    read = [whole for vector in vectors if (whole := exact(vector)) is not None]
    if not read or len(read) < len(vectors) or len({len(whole) for whole in read}) > 1:
        return None
    mean = direction(np.sum(read, axis=0))  # integers: exact in any order
    return None if mean is None else packed(mean)


def stacked(means: Sequence[bytes], size: int) -> Reals:
    """Return centroids of one size as rows."""
    return unpacked(b"".join(means)).reshape(-1, size)


def similarities(rows: Reals, vector: Reals) -> list[float]:
    """Return the cosine of each row and a vector, to six places."""
    return [round(score, 6) for score in (rows @ vector / UNIT**2).tolist()]


def direction(vector: Reals) -> Reals | None:
    """Return integers of length UNIT that point where `vector` does; None for no length."""
    length = math.sqrt(float(vector @ vector))
    return np.rint(vector * (UNIT / length)) if length else None


def packed(vector: Reals) -> bytes:
    """Write a direction as `int16[n]`."""
    return vector.astype("<i2").tobytes()


def unpacked(vector: bytes) -> Reals:
    """Read what `packed` wrote."""
    return np.frombuffer(vector, "<i2").astype(np.float64)
