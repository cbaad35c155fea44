"""A conversation as the Responses API writes it: messages, calls of functions, what they returned.

Chat says the same in turns, where calls belong to the turn of the assistant's before them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from gateway.turns import Name
from streams.events.sessions import Message, ToolCall

CallId = Annotated[str, Field(min_length=1)]


class _Text(BaseModel):
    type: Literal["input_text", "output_text", "text"]
    text: str


class _Item(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Said(_Item):
    """Somebody said something."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Text]


class Called(_Item):
    """A model wanted its client to call a function."""

    type: Literal["function_call"]
    call_id: CallId
    name: Name
    arguments: str


class Returned(_Item):
    """What a call returned."""

    type: Literal["function_call_output"]
    call_id: CallId
    output: str | list[_Text]


def _kind(item: Any) -> Any:
    return item.get("type", "message") if isinstance(item, dict) else None


Item = Annotated[
    Annotated[Said, Tag("message")]
    | Annotated[Called, Tag("function_call")]
    | Annotated[Returned, Tag("function_call_output")],
    Discriminator(_kind),
]


def turns_of(items: Iterable[Said | Called | Returned]) -> list[dict[str, Any]]:
    """Return items as the turns of a chat request."""
    turns: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item, Said):
            turns.append({"role": item.role, "content": _joined(item.content)})
        elif isinstance(item, Returned):
            output = _joined(item.output)
            turns.append({"role": "tool", "content": output, "tool_call_id": item.call_id})
        else:
            if not turns or turns[-1]["role"] != "assistant":
                turns.append({"role": "assistant", "content": None})
            called = {"name": item.name, "arguments": item.arguments}
            calls = turns[-1].setdefault("tool_calls", [])
            calls.append({"id": item.call_id, "type": "function", "function": called})
    return turns


def items_of(messages: Sequence[Message], owner: str) -> Iterator[dict[str, Any]]:
    """Yield recorded turns as items; their ids are made of their owner's and their numbers."""
    for number, message in enumerate(messages):
        ident = f"{owner}_{number}"
        if message.role == "tool":
            yield {
                "id": f"fco_{ident}",
                "type": "function_call_output",
                "call_id": message.tool_call_id,
                "output": message.content,
                "status": "completed",
            }
            continue
        if message.content or not message.tool_calls:
            kind = "output_text" if message.role == "assistant" else "input_text"
            yield {
                "id": f"msg_{ident}",
                "type": "message",
                "role": message.role,
                "status": "completed",
                "content": [{"type": kind, "text": message.content}],
            }
        yield from calls_of(message.tool_calls, ident)


def calls_of(calls: Sequence[ToolCall], owner: str) -> Iterator[dict[str, Any]]:
    """Yield calls as items."""
    for number, call in enumerate(calls):
        yield {
            "id": f"fc_{owner}_{number}",
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }


def _joined(content: str | list[_Text]) -> str:
    return content if isinstance(content, str) else "\n".join(part.text for part in content)
