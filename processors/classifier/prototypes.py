"""What the examples of one label look like: a few mean directions instead of all of them.

Spherical k-means (Dhillon & Modha 2001), begun with the examples farthest from each other.
"""

import numpy as np

from processors.classifier.regression import Floats

COUNT = 16
ROUNDS = 8


def prototypes_of(vectors: Floats, count: int = COUNT) -> Floats:
    """Return up to `count` directions of length 1 for `float32[n, d]`; few examples as they are."""
    if len(vectors) <= count:
        return vectors
    found = _spread(vectors, count)
    for _ in range(ROUNDS):
        nearest = (vectors @ found.T).argmax(1)
        for at in range(count):
            total = vectors[nearest == at].sum(0)
            length = np.linalg.norm(total)
            if length > 0:
                found[at] = total / length
    return found


def _spread(vectors: Floats, count: int) -> Floats:
    chosen = [int((vectors @ vectors.mean(0)).argmax())]
    near = vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        chosen.append(int(near.argmin()))
        near = np.maximum(near, vectors @ vectors[chosen[-1]])
    return vectors[chosen].copy()
