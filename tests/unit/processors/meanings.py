"""Vectors with known meanings: points around a direction per label, the same in every process."""

import numpy as np
from numpy.typing import NDArray

from processors.classifier.training import Lesson, train
from streams.events.weights import Weights

ENCODER = "toy@1"
SIZE = 48


def directions(count: int, seed: int = 7) -> NDArray[np.float64]:
    """Return a random direction per label."""
    drawn = np.random.default_rng(seed).normal(size=(count, SIZE))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def around(
    direction: NDArray[np.float64], count: int, seed: int, spread: float = 0.11
) -> list[bytes]:
    """Return vectors of length 1 scattered around a direction."""
    chance = np.random.default_rng(seed)
    points = direction + spread * chance.normal(size=(count, len(direction)))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return [point.astype("<f4").tobytes() for point in points]


def vector(values: list[float]) -> bytes:
    """Return a vector with the given first numbers, scaled to length 1."""
    whole = np.zeros(SIZE)
    whole[: len(values)] = values
    return (whole / np.linalg.norm(whole)).astype("<f4").tobytes()


def name_of(label: int) -> str:
    """Return a label's name."""
    return f"label-{label:03d}"


def lessons(labels: int, shots: int, seed: int = 1) -> list[Lesson]:
    """Return so many examples of so many labels."""
    return [
        Lesson(point, name_of(label))
        for label, direction in enumerate(directions(labels))
        for point in around(direction, shots, seed * 1_000 + label)
    ]


def trained(labels: int = 12, shots: int = 8) -> Weights:
    """Return weights learned from `lessons`."""
    return train(ENCODER, lessons(labels, shots))
