"""What `POST /v1/responses` may say, and the same as a chat request, which a run is made of."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway import chat, nesting
from gateway.errors import ApiError, invalid
from gateway.responses.form import (
    Choice,
    Function,
    Reasoning,
    Text,
    as_choice,
    as_response_format,
    as_tool,
)
from gateway.responses.items import Item, turns_of
from gateway.unheeded import unread
from streams.events.sessions import Message, RequestReceived, ResponseCompleted
from streams.io.chat_json import message_shown
from streams.log import Headers
from streams.scopes import NAME_MAX

#: What a response's client calls that which only chat finds wrong.
SAID_AS = {"max_completion_tokens": "max_output_tokens", "messages": "input"}
#: Fields that a model is told as they stand, in chat's shape.
VERBATIM = ("text", "tool_choice", "tools")
PAIRS_MAX, NAME_CHARS, VALUE_CHARS = 16, 64, 512

#: Attributes of the record: what a response is told with later, and no event has a field for.
STORED, PREVIOUS, INSTRUCTED, METADATA, BACKGROUND = (
    "ce_responsestored",
    "ce_previousresponse",
    "ce_responseinstructed",
    "ce_responsemetadata",
    "ce_responsebackground",
)
TOLD_BY = (STORED, PREVIOUS, INSTRUCTED, METADATA, BACKGROUND)


class ResponseRequest(BaseModel):
    """The body of `POST /v1/responses`."""

    model_config = ConfigDict(extra="allow", strict=True)

    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    input: str | list[Item]
    instructions: str | None = None
    stream: bool | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: Annotated[str, Field(max_length=NAME_MAX)] | None = None
    metadata: dict[str, str] | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[Function] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    user: str | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the response can be asked for later."""
        return self.store is not False

    def as_chat(self, earlier: list[Message]) -> chat.ChatRequest:
        """Return the same as a chat request, behind what was said earlier. Raises ApiError."""
        text, reasoning = self.text or Text(), self.reasoning or Reasoning()
        told = {
            "model": self.model,
            "messages": self._turns(earlier),
            "stream": self.stream,
            "max_completion_tokens": self.max_output_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "tools": [as_tool(function) for function in self.tools or ()] or None,
            "tool_choice": as_choice(self.tool_choice),
            "parallel_tool_calls": self.parallel_tool_calls,
            "response_format": as_response_format(text.format),
            "verbosity": text.verbosity,
            "reasoning_effort": reasoning.effort,
            "metadata": self.metadata,
            "user": self.user,
        }
        try:
            made = chat.parse({name: value for name, value in told.items() if value is not None})
        except ApiError as error:
            raise _as_said(error) from None
        made.pass_over([*unread(self), *unread(text, "text."), *unread(reasoning, "reasoning.")])
        return made

    def _turns(self, earlier: list[Message]) -> list[dict[str, Any]]:
        instructed = [{"role": "system", "content": self.instructions}] if self.instructions else []
        said = [*instructed, *map(message_shown, earlier)]
        if isinstance(self.input, str):
            return [*said, {"role": "user", "content": self.input}]
        return [*said, *turns_of(self.input)]

    @property
    def head(self) -> Headers:
        """The attributes that the response is told with later."""
        head: Headers = [(STORED, b"true" if self.is_stored else b"false")]
        if self.previous_response_id:
            head.append((PREVIOUS, self.previous_response_id.encode()))
        if self.instructions:
            head.append((INSTRUCTED, b"true"))
        if self.background:
            head.append((BACKGROUND, b"true"))
        if self.metadata:
            head.append((METADATA, json.dumps(self.metadata).encode()))
        return head


def parse(body: Any) -> ResponseRequest:
    """Read a body. Raises ApiError naming the first field that is wrong."""
    if not isinstance(body, dict):
        raise invalid("the body is not a JSON object")
    nesting.check(body, VERBATIM)
    try:
        request = ResponseRequest.model_validate(body)
    except ValidationError as exc:
        param, message = chat.wrong(body, exc)
        raise invalid(f"{param}: {message}", param) from None
    if request.background and not request.is_stored:
        raise invalid("background: what is not stored cannot be asked for later", "background")
    pairs = request.metadata or {}
    sizes = [len(n) <= NAME_CHARS and len(v) <= VALUE_CHARS for n, v in pairs.items()]
    if len(pairs) > PAIRS_MAX or not all(sizes):
        told = f"up to {PAIRS_MAX} names of {NAME_CHARS} and values of {VALUE_CHARS} characters"
        raise invalid(f"metadata: {told}", "metadata")
    return request


def _as_said(error: ApiError) -> ApiError:
    """Return an error of chat's that names the field which its client said."""
    field = error.param or ""
    param = SAID_AS.get(field, field)
    return invalid(f"{param}{error.message.removeprefix(field)}", param)


def turns(request: RequestReceived, instructed: bool, answer: ResponseCompleted) -> list[Message]:
    """Return a conversation with its answer; its instructions are not carried on."""
    said = list(request.messages[1 if instructed else 0 :])
    made = Message(role="assistant", content=answer.text, tool_calls=answer.tool_calls)
    return [*said, made]
