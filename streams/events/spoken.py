"""What is said in a session: turns, what is asked of a model, what it may use and what it cites."""

from dataclasses import dataclass

from streams.ids import MemoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat as its client sent it; `role` is OpenAI's word for it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the client asked of the model; None leaves the model's own default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A recalled memory: its text as recorded, and how near it is (`score`, cosine)."""

    memory_id: MemoryId
    text: str
    score: float
    title: str
    uri: str
    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a part of an answer comes from; the text refers to it as `[marker]`."""

    marker: int
    memory_id: MemoryId
    title: str
    uri: str
    quote: str
