"""From lessons to weights: fitted, compressed to integers, and calibrated on what was held out.

Nothing is tuned to a data set: what remains free is learned by leaving out examples, and whole
labels, of the lessons themselves. The same lessons give the same weights on the same machine.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from processors.classifier.calibration import calibrated
from processors.classifier.exact import ROW_MAX, UNIT, exact
from processors.classifier.prototypes import COUNT, prototypes_of
from processors.classifier.regression import Examples, Fitted, Floats, fit
from streams.errors import Poison
from streams.events.weights import Weights
from streams.ids import CapabilityId
from streams.plain import form_of, text_of

#: A label with fewer examples is better known by its centroid.
EXAMPLES_MIN = 2
LABELS_MIN = 2
#: Lessons times labels: what a fit holds in memory at once, four bytes each, a few times over.
CELLS_MAX = 200_000_000
#: Prototypes of all labels together, so that weights stay small enough to be carried around.
PROTOTYPES_MAX = 20_000


class Lesson(NamedTuple):
    """A vector (`float32[n]`, little-endian) and where it belongs; None is none of the labels.

    With `wrong` all that is known is one label that it does not belong to.
    """

    vector: bytes
    label: str | None
    wrong: str | None = None


class Unteachable(Poison):
    """Nothing is learned; every capability is still known by its centroid."""


class TooFew(Unteachable):
    """There is nothing to tell apart yet."""


class TooMany(Unteachable):
    """One fit over all of it would not fit into memory."""


def train(encoder: str, lessons: Sequence[Lesson]) -> Weights:
    """Learn weights.

    Raises TooFew unless two labels have two different examples each, and TooMany.
    """
    lessons = _sound(lessons)
    counts = Counter(lesson.label for lesson in lessons if lesson.label is not None)
    names = sorted(name for name, count in counts.items() if count >= EXAMPLES_MIN)
    if len(names) < LABELS_MIN:
        raise TooFew(f"{len(names)} labels have {EXAMPLES_MIN} examples; {LABELS_MIN} must")
    number = {name: at for at, name in enumerate(names)}
    inside = [lesson for lesson in lessons if lesson.label in number]
    if len(inside) * len(names) > CELLS_MAX:
        raise TooMany(f"{len(inside)} lessons of {len(names)} labels; they need more than one fit")
    vectors = _vectors([one.vector for one in inside], len(inside[0].vector) // 4)
    labels = np.array([number[str(lesson.label)] for lesson in inside])
    right, outside = Examples(vectors, labels), _outside(lessons, vectors.shape[1])
    wrong = _wrong(lessons, number, vectors.shape[1])
    fitted = fit(right, len(names), wrong)
    shift = _shift(fitted)
    count = max(1, min(COUNT, PROTOTYPES_MAX // len(names)))
    near = [prototypes_of(vectors[labels == at], count) for at in range(len(names))]
    return Weights(
        encoder=encoder,
        labels=tuple(map(CapabilityId, names)),
        dimensions=vectors.shape[1],
        shift=shift,
        rows=_integers(fitted.rows * 2.0**shift),
        biases=tuple(round(float(bias) * 2**shift * UNIT) for bias in fitted.biases),
        prototypes=_integers(np.concatenate(near) * UNIT),
        prototype_counts=tuple(map(len, near)),
        calibration=calibrated(right, len(names), outside, wrong, fitted),
    )


def _sound(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Return the lessons whose vectors are such, of the commonest size; said twice counts once."""
    known = [lesson for lesson in dict.fromkeys(lessons) if exact(lesson.vector) is not None]
    sizes = Counter(len(lesson.vector) for lesson in known)
    size = max(sizes, key=lambda size: (sizes[size], size), default=0)
    return [lesson for lesson in known if len(lesson.vector) == size]


def _outside(lessons: Sequence[Lesson], size: int) -> Floats:
    told = [one.vector for one in lessons if one.label is None and one.wrong is None]
    return _vectors(told, size)


def _wrong(lessons: Sequence[Lesson], number: Mapping[str, int], size: int) -> Examples:
    told = [
        (one.vector, number[one.wrong])
        for one in lessons
        if one.wrong is not None and one.wrong in number
    ]
    labels = np.array([label for _, label in told], np.intp)
    return Examples(_vectors([vector for vector, _ in told], size), labels)


def version_of(weights: Weights) -> str:
    """Return the hash of their content."""
    plain = form_of(Weights).dump(weights)
    return hashlib.sha256(text_of(plain).encode()).hexdigest()[:16]


def _vectors(vectors: Sequence[bytes], size: int) -> Floats:
    return np.frombuffer(b"".join(vectors), "<f4").reshape(len(vectors), size)


def _shift(fitted: Fitted) -> int:
    """Return the finest power of two in which every row fits 16 bits."""
    largest = max(float(np.abs(fitted.rows).max()), 1e-3)
    return int(np.floor(np.log2(ROW_MAX / largest)))


def _integers(values: Floats) -> bytes:
    return np.rint(values).astype("<i2").tobytes()
