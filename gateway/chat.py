"""What a chat request may say, and what its answer looks like: OpenAI's chat completions.

Unknown fields are accepted; known ones that this grid does not heed are named in the answer.
"""

import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gateway.errors import invalid
from streams.events import sessions as s
from streams.ids import ModelName, RunId, ScopeId
from streams.text import is_wellformed

GRID_SCOPE = ScopeId("grid")
NAME_MAX = 200

#: Fields of OpenAI's that change an answer, and that are not heeded here.
IGNORED = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "modalities",
        "prediction",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "tool_choice",
        "tools",
        "top_logprobs",
        "web_search_options",
    }
)


class _Part(BaseModel):
    type: Literal["text"]
    text: str


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None

    @field_validator("content")
    @classmethod
    def _is_text(cls, content: Any) -> Any:
        if not is_wellformed(_joined(content)):
            raise ValueError("holds characters that are no Unicode text (stray surrogates)")
        return content


class _StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`."""

    model_config = ConfigDict(extra="allow")

    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    messages: Annotated[list[_Message], Field(min_length=1)]
    stream: bool = False
    stream_options: _StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    max_completion_tokens: Annotated[int, Field(gt=0)] | None = None
    n: Literal[1] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | list[str] | None = None
    metadata: dict[str, str] | None = None

    @property
    def text(self) -> str:
        """What the user said last."""
        return next(_joined(m.content) for m in reversed(self.messages) if m.role == "user")

    @property
    def size(self) -> int:
        """How many characters the conversation has."""
        return sum(len(_joined(message.content)) for message in self.messages)

    @property
    def ignored(self) -> list[str]:
        """The fields that were given and are not heeded."""
        return sorted(IGNORED & set(self.model_extra or {}))

    def event(self, run_id: RunId, session: str | None) -> s.RequestReceived:
        """Return the request as an event; a named session is recalled from and remembered in."""
        own = ScopeId(f"session:{session}") if session else None
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return s.RequestReceived(
            run_id=run_id,
            model=ModelName(self.model),
            text=self.text,
            messages=tuple(
                s.Message(role=m.role, content=_joined(m.content)) for m in self.messages
            ),
            options=s.Options(
                temperature=self.temperature,
                top_p=self.top_p,
                max_tokens=self.max_completion_tokens or self.max_tokens,
                seed=self.seed,
                stop=tuple(stop),
            ),
            scopes=(GRID_SCOPE, own) if own else (GRID_SCOPE,),
            remember_in=own,
            stream=self.stream,
        )


def parse(body: Any) -> ChatRequest:
    """Read a body. Raises ApiError naming the first field that is wrong."""
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        param = ".".join(map(str, first["loc"]))
        raise invalid(f"{param}: {first['msg']}", param) from None
    if all(message.role != "user" for message in request.messages):
        raise invalid("messages: none of them is the user's", "messages")
    if not request.text.strip():
        raise invalid("messages: the user's last one is empty", "messages")
    return request


def answer(event: s.ResponseCompleted, created: int, session: str) -> dict[str, Any]:
    """Return a whole completion; `aether` holds what OpenAI's shape has no place for."""
    return {
        "id": completion_id(event.run_id),
        "object": "chat.completion",
        "created": created,
        "model": event.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": event.text, "refusal": None},
                "finish_reason": event.finish_reason,
                "logprobs": None,
            }
        ],
        "usage": usage(event),
        "aether": beside(event, session),
    }


def chunk(run_id: RunId, model: str, created: int, **fields: Any) -> dict[str, Any]:
    """Return one frame of a stream; `delta` and `finish_reason`, or `usage`, are its content."""
    choices = []
    if "delta" in fields:
        delta, finish = fields.pop("delta"), fields.pop("finish_reason", None)
        choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    return {
        "id": completion_id(run_id),
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": choices,
        **fields,
    }


def usage(event: s.ResponseCompleted) -> dict[str, int]:
    """Return what an answer took."""
    return {
        "prompt_tokens": event.prompt_tokens,
        "completion_tokens": event.completion_tokens,
        "total_tokens": event.prompt_tokens + event.completion_tokens,
    }


def beside(event: s.ResponseCompleted, session: str) -> dict[str, Any]:
    """Return what belongs to an answer beside its text."""
    return {
        "run_id": event.run_id,
        "session_id": session,
        "capability": event.capability,
        "citations": [
            {"marker": c.marker, "memory_id": c.memory_id, "title": c.title, "uri": c.uri,
             "quote": c.quote}
            for c in event.citations
        ],
    }  # fmt: skip


def completion_id(run_id: RunId) -> str:
    """Return the id OpenAI's clients know a run by."""
    return f"chatcmpl-{run_id}"


def now() -> int:
    """Return the Unix time in seconds."""
    return int(time.time())


def _joined(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "\n".join(part.text for part in content)
    return content or ""
