"""Tokens on their way to whoever watches; they may be lost, the completed event holds the text."""

from dataclasses import dataclass

from streams.ids import InferenceId, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEmitted:
    """A model said `text` next; `start` is its place in the answer, counted in characters."""

    run_id: RunId
    inference_id: InferenceId
    start: int
    text: str


ChunkEvent = TextEmitted

EVENTS: tuple[type, ...] = (TextEmitted,)
