"""Embedding: a client's texts as vectors, by the encoder that the grid itself understands by."""

from collections.abc import Sequence
from typing import Any

from processors.perception.effect import PERCEPTION, REQUEST_PATIENCE_S
from processors.perception.ports import Encoder
from streams.effects import EffectClass
from streams.envelope import Envelope
from streams.errors import Transient
from streams.events.sessions import EmbeddingCompleted, EmbeddingFailed, EmbeddingRequested
from streams.topics import SESSIONS, Topic

#: The name of whatever the grid chooses; there is one encoder to choose from.
AUTOMATIC = "aether"
_BYTES_PER_NUMBER = 4


class EmbedTexts:
    """Requests for vectors; one whose encoder stays away is given up."""

    name, version = PERCEPTION, 1
    topic: Topic = SESSIONS
    reads: tuple[type, ...] = (EmbeddingRequested,)
    writes: tuple[type, ...] = (EmbeddingCompleted, EmbeddingFailed)
    depends_on: tuple[str, ...] = ("model", "texts", "dimensions")
    safety = EffectClass.REPEATABLE
    batch_max = 1
    patience_s: float | None = REQUEST_PATIENCE_S

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    async def perform(self, causes: Sequence[Envelope[EmbeddingRequested]]) -> Sequence[Any]:
        """Encode the texts of each request."""
        return [await self._embed(cause.event) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[EmbeddingRequested], error: Transient) -> EmbeddingFailed:
        """Say that there are no vectors now."""
        return _failed(cause.event, "perception_failed", str(error))

    async def _embed(self, request: EmbeddingRequested) -> EmbeddingCompleted | EmbeddingFailed:
        known = (await self._encoder.encode(())).encoder  # nothing is encoded for another model
        if request.model not in names_of(known):
            detail = f"texts are not embedded by {request.model!r} here, but by {known}"
            return _failed(request, "model_not_found", detail)
        encoder, vectors, tokens = await self._encoder.encode(request.texts)
        dimensions = len(vectors[0]) // _BYTES_PER_NUMBER if vectors else 0
        if request.dimensions not in (None, dimensions):
            detail = f"dimensions: vectors of {encoder} have {dimensions}, and are not shortened"
            return _failed(request, "invalid_request", detail)
        return EmbeddingCompleted(
            run_id=request.run_id, encoder=encoder, vectors=tuple(vectors), tokens=sum(tokens)
        )


def names_of(encoder: str) -> tuple[str, ...]:
    """Return what an encoder may be asked for by; what follows the `@` names its weights."""
    return (AUTOMATIC, encoder.partition("@")[0], encoder)


def _failed(request: EmbeddingRequested, reason: str, detail: str) -> EmbeddingFailed:
    return EmbeddingFailed(run_id=request.run_id, reason=reason, detail=detail)
