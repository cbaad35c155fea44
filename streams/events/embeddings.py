"""Texts that become vectors for a client: asked for and answered like everything else."""

from dataclasses import dataclass

from streams.events.vector import Vector
from streams.ids import ModelName, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequested:
    """A client asks for the vectors of texts; `dimensions` of None are as many as the model has."""

    run_id: RunId
    model: ModelName
    texts: tuple[str, ...]
    dimensions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingCompleted:
    """The vectors of the texts, in their order (`float32[n]`, little-endian, length 1)."""

    run_id: RunId
    encoder: str
    vectors: tuple[Vector, ...]
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingFailed:
    """There are no such vectors; `reason` is a code, `detail` words for the client."""

    run_id: RunId
    reason: str
    detail: str
