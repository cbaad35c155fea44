"""MiniLM once more, in numpy and float64: slow, and written without a look at our graph.

After Devlin et al., "BERT" (2018), with the mean of the tokens' vectors scaled to length 1.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_erf = np.vectorize(math.erf, otypes=[np.float64])


class Reference:
    """The model of the given weights, one text at a time."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
        self._weights = {name: value.astype(np.float64) for name, value in weights.items()}

    def vector(self, tokens: Sequence[int]) -> Floats:
        words = self._weights["embeddings.word_embeddings.weight"][list(tokens)]
        places = self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self._norm("embeddings.LayerNorm", words + places + kind)
        for layer in range(6):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        mean = hidden.mean(axis=0)
        unit: Floats = mean / np.linalg.norm(mean)
        return unit

    def _layer(self, name: str, hidden: Floats) -> Floats:
        parts = [
            self._dense(f"{name}.attention.self.{part}", hidden).reshape(len(hidden), 12, 32)
            for part in ("query", "key", "value")
        ]
        scores = np.einsum("qhd,khd->hqk", parts[0], parts[1]) / math.sqrt(32)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", shares, parts[2]).reshape(len(hidden), 384)
        mixed = self._dense(f"{name}.attention.output.dense", mixed)
        hidden = self._norm(f"{name}.attention.output.LayerNorm", hidden + mixed)
        wide = self._dense(f"{name}.intermediate.dense", hidden)
        wide = wide * (1 + _erf(wide / math.sqrt(2))) / 2
        narrow = self._dense(f"{name}.output.dense", wide)
        return self._norm(f"{name}.output.LayerNorm", hidden + narrow)

    def _dense(self, name: str, value: Floats) -> Floats:
        dense: Floats = value @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return dense

    def _norm(self, name: str, value: Floats) -> Floats:
        centred = value - value.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        normal: Floats = scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normal
