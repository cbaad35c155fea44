"""What the models worker needs of a model."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from streams.events.sessions import Citation, InferenceRequested

#: Hands on the next piece of an answer while it is being made.
Emit = Callable[[str], None]


class Answer(NamedTuple):
    """What a model said."""

    text: str
    citations: tuple[Citation, ...]
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


class Refusal(NamedTuple):
    """Why a model will not answer this request, now or later; `reason` is a code."""

    reason: str
    detail: str


class Model(Protocol):
    """Something that answers an inference."""

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        """Answer, emitting pieces as they come if the request asks for a stream.

        The request's id is its idempotency key. Raises ModelAway when asking again may help.
        """


class Chunks(Protocol):
    """Where pieces of answers go that somebody watches being made."""

    def publish(self, request: InferenceRequested, start: int, text: str) -> None:
        """Send a piece off, without any promise."""
