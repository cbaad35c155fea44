"""What a chat request may say: the body of OpenAI's chat completions.

Fields that this grid does not heed are accepted, and named in the answer. What only a model
understands, such as tools, is handed on to it as it stands. Null says as much as nothing.
"""

from functools import cached_property
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from gateway import nesting
from gateway.errors import invalid
from gateway.turns import Form, Tool, Turn
from gateway.unheeded import unread
from streams.events import sessions as s
from streams.ids import ModelName, RunId, ScopeId
from streams.scopes import NAME_MAX

OURS = "Value error, "  # what pydantic puts before reasons that a validator of ours gives
LONG = 2**63  # an Avro long is below it
CHOICES_MAX = 128

#: Fields that the grid does not read itself: a model is told them as they stand.
VERBATIM = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "parallel_tool_calls",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "tool_choice",
        "tools",
        "verbosity",
    }
)

Penalty = Annotated[float, Field(ge=-2, le=2)]


class _StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`."""

    model_config = ConfigDict(extra="allow", strict=True)

    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    messages: Annotated[list[Turn], Field(min_length=1)]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(gt=0, lt=LONG)] | None = None
    max_completion_tokens: Annotated[int, Field(gt=0, lt=LONG)] | None = None
    n: Annotated[int, Field(gt=0, le=CHOICES_MAX)] | None = None
    seed: Annotated[int, Field(ge=-LONG, lt=LONG)] | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: Form | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    #: What its client said in another shape, and is not heeded.
    _unheeded: list[str] = PrivateAttr(default_factory=list)

    @property
    def text(self) -> str:
        """What the user said last."""
        return next(m.said for m in reversed(self.messages) if m.role == "user")

    def pass_over(self, names: list[str]) -> None:
        """Name fields that its client gave in another shape, and that are not heeded."""
        self._unheeded = names

    @property
    def size(self) -> int:
        """How many characters the conversation has, and what else a model is told."""
        return sum(len(message.said) for message in self.messages) + len(self.verbatim)

    @cached_property
    def verbatim(self) -> str:
        """What a model is told as it stands, as a JSON object; nothing if there is none."""
        given = self.model_dump(include=set(VERBATIM), exclude_unset=True)
        told = {name: value for name, value in given.items() if value not in (None, [], {})}
        return orjson.dumps(told).decode() if told else ""

    @property
    def ignored(self) -> list[str]:
        """The fields that were given and are not heeded."""
        return [*unread(self), *self._unheeded]

    def event(
        self, run_id: RunId, scopes: tuple[ScopeId, ...], remember_in: ScopeId | None
    ) -> s.RequestReceived:
        """Return the request as an event, with where it recalls from and is remembered."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return s.RequestReceived(
            run_id=run_id,
            model=ModelName(self.model),
            text=self.text,
            messages=tuple(turn.event() for turn in self.messages),
            options=s.Options(
                temperature=self.temperature,
                top_p=self.top_p,
                max_tokens=self.max_completion_tokens or self.max_tokens,
                seed=self.seed,
                stop=tuple(stop),
                n=self.n or 1,
                verbatim=self.verbatim,
            ),
            scopes=scopes,
            remember_in=remember_in,
            stream=bool(self.stream),
        )


def parse(body: Any) -> ChatRequest:
    """Read a body. Raises ApiError naming the first field that is wrong."""
    if not isinstance(body, dict):
        raise invalid("the body is not a JSON object")
    nesting.check(body, VERBATIM)
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
        (_path(body, e["loc"], missing=e["type"] == "missing"), e["msg"].removeprefix(OURS))
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
