"""The two models as a gRPC client calls them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferenceServerClient, InferInput

Quotes = list[tuple[int, int, int, float]]


def strings(name: str, shape: Sequence[int], texts: Sequence[str | bytes]) -> InferInput:
    """An input tensor of strings."""
    tensor = InferInput(name, list(shape), "BYTES")
    encoded = [text.encode() if isinstance(text, str) else text for text in texts]
    tensor.set_data_from_numpy(np.array(encoded, np.object_).reshape(shape))
    return tensor


def embed(client: InferenceServerClient, texts: Sequence[str | bytes]) -> npt.NDArray[np.float32]:
    """The vectors of `minilm`."""
    reply = client.infer("minilm", [strings("TEXT", [len(texts), 1], texts)])
    vectors: npt.NDArray[np.float32] = reply.as_numpy("VECTOR")
    return vectors


def ask(
    client: InferenceServerClient, question: str, passages: Sequence[str]
) -> tuple[Quotes, float]:
    """The quotes of `extractive` as (passage, start, end, score), and ANSWERABLE."""
    inputs = [
        strings("QUESTION", [1], [question]),
        strings("PASSAGES", [len(passages)], passages),
    ]
    reply = client.infer("extractive", inputs)
    columns: list[Any] = [reply.as_numpy(name) for name in ("PASSAGE", "START", "END", "SCORE")]
    assert [column.dtype for column in columns] == [np.int32, np.int32, np.int32, np.float32]
    quotes = [(int(p), int(s), int(e), float(x)) for p, s, e, x in zip(*columns, strict=True)]
    return quotes, float(reply.as_numpy("ANSWERABLE")[0])
