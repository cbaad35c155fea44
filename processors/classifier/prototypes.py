"""What the examples of one label look like: a few mean directions instead of all of them.

Spherical k-means (Dhillon & Modha 2001), begun with the examples farthest from each other.
"""

import numpy as np

from processors.classifier.regression import Floats

COUNT = 16
ROUNDS = 8


def prototypes_of(vectors: Floats) -> Floats:
    """Return up to COUNT directions of length 1 for `float32[n, d]`; a few examples as they are."""
    if len(vectors) <= COUNT:
        return vectors
    found = _spread(vectors)
    for _ in range(ROUNDS):
        nearest = (vectors @ found.T).argmax(1)
        for at in range(COUNT):
            total = vectors[nearest == at].sum(0)
            length = np.linalg.norm(total)
            if length > 0:
                found[at] = total / length
    return found


def _spread(vectors: Floats) -> Floats:
    chosen = [int((vectors @ vectors.mean(0)).argmax())]
    near = vectors @ vectors[chosen[0]]
    while len(chosen) < COUNT:
        chosen.append(int(near.argmin()))
        near = np.maximum(near, vectors @ vectors[chosen[-1]])
    return vectors[chosen].copy()
