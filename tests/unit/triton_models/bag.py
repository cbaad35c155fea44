"""A stand-in for the encoder: texts are alike as far as they share words."""

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.unit.triton_models.loading import load

words = load("extractive", "words")


def bag_of_words(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Unit vectors float32[n, 384] that count stems; a text without any is a zero vector."""
    vectors: npt.NDArray[np.float32] = np.zeros((len(texts), 384), np.float32)
    for row, text in enumerate(texts):
        for stem in words.stems(text):
            vectors[row, zlib.crc32(stem.encode("utf-8", "replace")) % 384] += 1
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(lengths, 1)
    return vectors
