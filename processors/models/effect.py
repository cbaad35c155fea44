"""Models: an inference is handed to the model it names, and what came of it is an event.

Every model is told the same way: what of the recalled passages fits its budget, each thing once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from processors.models.dispatch import BYTES_MAX
from processors.models.packing import TOKENS_MAX, packed
from processors.models.ports import Answer, Called, Chunks, Model, Piece, Refusal
from processors.models.verbatim import verbatim
from streams.effects import EffectClass
from streams.envelope import Envelope
from streams.errors import Transient
from streams.events.sessions import (
    CANCELLED,
    InferenceCompleted,
    InferenceFailed,
    InferenceRequested,
)
from streams.ids import ModelName, ProcessorName
from streams.topics import SESSIONS, Topic, work_of

PATIENCE_S = 60.0


class Inferring:
    """The models this worker can reach, by name."""

    name, version = ProcessorName("models"), 1
    topic: Topic = SESSIONS
    reads: tuple[type, ...] = (InferenceRequested,)
    writes: tuple[type, ...] = (InferenceCompleted, InferenceFailed)
    depends_on: tuple[str, ...] = ("model", "text", "messages", "passages", "options")
    safety = EffectClass.KEYED
    batch_max = 1
    patience_s: float | None = PATIENCE_S

    def __init__(
        self,
        models: Mapping[ModelName, Model],
        chunks: Chunks,
        budgets: Mapping[ModelName, int] | None = None,
    ) -> None:
        self._models = models
        self._chunks = chunks
        self._budgets = budgets or {}

    async def perform(self, causes: Sequence[Envelope[InferenceRequested]]) -> Sequence[Any]:
        """Ask the model of each request."""
        return [await self._infer(cause.event) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[InferenceRequested], error: Transient) -> InferenceFailed:
        """Say that the model did not answer in time."""
        return _failed(cause.event, Refusal("model_away", str(error)))

    async def _infer(self, request: InferenceRequested) -> InferenceCompleted | InferenceFailed:
        model = self._models.get(request.model)
        if model is None and work_of(request.model) is not None:
            detail = f"{request.model} is a node, and is not asked more than {BYTES_MAX} bytes"
            return _failed(request, Refusal("too_large", detail))
        if model is None:
            known = ", ".join(sorted(self._models)) or "none"
            detail = (
                f"no model is called {request.model!r} here; known are {known}. Set it under"
                " `models`, or withdraw what asks for it: `aether capability withdraw`"
            )
            return _failed(request, Refusal("unknown_model", detail))
        try:
            verbatim(request.options)
        except ValueError as error:
            return _failed(request, Refusal("invalid_request", f"options.verbatim: {error}"))
        pieces = _Pieces(request, self._chunks)
        budget = self._budgets.get(request.model, TOKENS_MAX)
        told = replace(request, passages=packed(request.passages, budget))
        answer = await model.answer(told, pieces.emit)
        if isinstance(answer, Refusal):
            return _failed(request, answer)
        return _completed(request, answer)


def unheard(cause: Envelope[InferenceRequested]) -> InferenceFailed:
    """Return the outcome of a request whose run ended first: its model is not listened to."""
    return _failed(cause.event, Refusal(CANCELLED, "its run ended before the model answered"))


class _Pieces:
    """Counts where each piece begins in its text: an answer's, or the arguments of its call."""

    def __init__(self, request: InferenceRequested, chunks: Chunks) -> None:
        self._request = request
        self._chunks = chunks
        self._ends: dict[tuple[int, int | None], int] = {}

    def emit(self, piece: Piece) -> None:
        at: tuple[int, int | None]
        if isinstance(piece, Called):
            at, told = (piece.choice, piece.call), piece.arguments
        else:
            at, told = (piece.choice, None), piece.text
        start = self._ends.get(at)
        begins_call = start is None and isinstance(piece, Called)
        if self._request.stream and (told or begins_call):
            self._chunks.publish(self._request, start or 0, piece)
        self._ends[at] = (start or 0) + len(told)


def _completed(request: InferenceRequested, answer: Answer) -> InferenceCompleted:
    return InferenceCompleted(
        run_id=request.run_id,
        inference_id=request.inference_id,
        model=request.model,
        text=answer.text,
        citations=answer.citations,
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        tool_calls=answer.tool_calls,
        alternatives=answer.alternatives,
    )


def _failed(request: InferenceRequested, refusal: Refusal) -> InferenceFailed:
    return InferenceFailed(
        run_id=request.run_id,
        inference_id=request.inference_id,
        model=request.model,
        reason=refusal.reason,
        detail=refusal.detail,
    )
