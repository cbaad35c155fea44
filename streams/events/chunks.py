"""Tokens on their way to whoever watches; they may be lost, the completed event holds the text."""

from dataclasses import dataclass
from typing import get_args

from streams.ids import InferenceId, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEmitted:
    """A model said `text` next; `start` is its place in the answer, counted in characters.

    `choice` says which answer, if several were asked for.
    """

    run_id: RunId
    inference_id: InferenceId
    start: int
    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEmitted:
    """A model wrote more of a tool call; `start` is the place in its arguments, in characters.

    `call` counts the calls of one answer; every piece says again which tool it is.
    """

    run_id: RunId
    inference_id: InferenceId
    choice: int
    call: int
    call_id: str
    name: str
    start: int
    arguments: str


ChunkEvent = TextEmitted | CallEmitted

EVENTS: tuple[type, ...] = get_args(ChunkEvent)
