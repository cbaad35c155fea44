"""What a chat request may say: the body of OpenAI's chat completions.

Unknown fields are accepted; known ones that this grid does not heed are named in the answer.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
)

from gateway.errors import invalid
from streams.events import sessions as s
from streams.ids import ModelName, RunId, ScopeId
from streams.scopes import NAME_MAX
from streams.text import is_wellformed

LONG = 2**63  # an Avro long is below it

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
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "tool_choice",
        "tools",
        "top_logprobs",
        "verbosity",
        "web_search_options",
    }
)


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)

    type: Literal["text"]
    text: str


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None

    @field_validator("content")
    @classmethod
    def _is_text(cls, content: Any) -> Any:
        if not is_wellformed(_joined(content)):
            raise ValueError("holds characters that are no Unicode text (stray surrogates)")
        return content


class _StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`."""

    model_config = ConfigDict(extra="allow", strict=True)

    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    messages: Annotated[list[_Message], Field(min_length=1)]
    stream: bool = False
    stream_options: _StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(gt=0, lt=LONG)] | None = None
    max_completion_tokens: Annotated[int, Field(gt=0, lt=LONG)] | None = None
    n: Literal[1] | None = None
    seed: Annotated[int, Field(ge=-LONG, lt=LONG)] | None = None
    stop: str | list[str] | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    #: What its client said in another shape, and is not heeded.
    _unheeded: list[str] = PrivateAttr(default_factory=list)

    @property
    def text(self) -> str:
        """What the user said last."""
        return next(_joined(m.content) for m in reversed(self.messages) if m.role == "user")

    def pass_over(self, names: list[str]) -> None:
        """Name fields that its client gave in another shape, and that are not heeded."""
        self._unheeded = names

    @property
    def size(self) -> int:
        """How many characters the conversation has."""
        return sum(len(_joined(message.content)) for message in self.messages)

    @property
    def ignored(self) -> list[str]:
        """The fields that were given and are not heeded."""
        extra = self.model_extra or {}
        given = [name for name in IGNORED & set(extra) if extra[name] is not None]
        return sorted([*given, *self._unheeded])

    def event(
        self, run_id: RunId, scopes: tuple[ScopeId, ...], remember_in: ScopeId | None
    ) -> s.RequestReceived:
        """Return the request as an event, with where it recalls from and is remembered."""
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
            scopes=scopes,
            remember_in=remember_in,
            stream=self.stream,
        )


def parse(body: Any) -> ChatRequest:
    """Read a body. Raises ApiError naming the first field that is wrong."""
    if not isinstance(body, dict):
        raise invalid("the body is not a JSON object")
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as exc:
        param, message = wrong(body, exc)
        raise invalid(f"{param}: {message}", param) from None
    if all(message.role != "user" for message in request.messages):
        raise invalid("messages: none of them is the user's", "messages")
    if not request.text.strip():
        raise invalid("messages: the user's last one is empty", "messages")
    return request


def wrong(body: Any, error: ValidationError) -> tuple[str, str]:
    """Return the first field that is wrong and why.

    Of the things it may be, the one that what was sent comes nearest to says why.
    """
    found = [
        (_path(body, e["loc"], missing=e["type"] == "missing"), e["msg"])
        for e in error.errors(include_url=False, include_input=False)
    ]
    return max((f for f in found if f[0].startswith(found[0][0])), key=lambda f: len(f[0]))


def _path(body: Any, place: tuple[int | str, ...], *, missing: bool) -> str:
    """Write a place as OpenAI does: `messages[0].content`; other steps name types of ours."""
    path, at = "", body
    for step in place[:-1] if missing else place:
        if isinstance(step, int) and isinstance(at, list):
            path, at = f"{path}[{step}]", at[step]
        elif isinstance(at, dict) and step in at:
            path, at = f"{path}.{step}", at[step]
    return (f"{path}.{place[-1]}" if missing else path).removeprefix(".")


def _joined(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "\n".join(part.text for part in content)
    return content or ""
