"""What the models worker needs of a model."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from streams.events.sessions import Alternative, Citation, InferenceRequested, ToolCall


class Said(NamedTuple):
    """The next words of an answer; `choice` says of which, if there are several."""

    text: str
    choice: int = 0


class Called(NamedTuple):
    """The next piece of an answer's tool call; each says which call it is, and of which tool."""

    call: int
    id: str
    name: str
    arguments: str
    choice: int = 0


Piece = Said | Called
#: Hands on the next piece of an answer while it is being made.
Emit = Callable[[Piece], None]


class Answer(NamedTuple):
    """What a model said; `alternatives` are further answers, `citations` those of all."""

    text: str
    citations: tuple[Citation, ...]
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    tool_calls: tuple[ToolCall, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


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

    def publish(self, request: InferenceRequested, start: int, piece: Piece) -> None:
        """Send a piece off, without any promise; `start` is its place in its text."""
