"""What is said in a session: turns, what is asked of a model, what it may use and what it cites."""

from dataclasses import dataclass

from streams.ids import MemoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model wants its client to call a tool; `arguments` are JSON, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat as its client sent it; `role` is OpenAI's word for it.

    A tool's turn says by `tool_call_id` which call it answers; `name` is who speaks, if said.
    """

    role: str
    content: str
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the client asked of the model; None leaves the model's own default.

    `n` is how many answers it wants. `verbatim` is what else it asked for, such as tools or a form
    of the answer: a JSON object in OpenAI's words that the model is told as it stands, or nothing.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    verbatim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another answer to the same request, beside the first one."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str


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
