"""The turns of a conversation as OpenAI's clients send them, those of tools included."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from streams.events import sessions as s
from streams.text import is_wellformed

Name = Annotated[str, Field(min_length=1, max_length=128)]


class Part(BaseModel):
    """A part of a turn."""

    model_config = ConfigDict(strict=True)

    type: Literal["text"]
    text: str


class _Function(BaseModel):
    model_config = ConfigDict(strict=True)

    name: Name
    arguments: str


class _Call(BaseModel):
    model_config = ConfigDict(strict=True)

    id: Annotated[str, Field(min_length=1)]
    type: Literal["function"] = "function"
    function: _Function


class Turn(BaseModel):
    """One turn."""

    model_config = ConfigDict(extra="ignore", strict=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None

    @field_validator("content")
    @classmethod
    def _is_text(cls, content: Any) -> Any:
        if not is_wellformed(_joined(content)):
            raise ValueError("holds characters that are no Unicode text (stray surrogates)")
        return content

    @model_validator(mode="after")
    def _answers_a_call(self) -> "Turn":
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a tool says by tool_call_id which call it answers")
        return self

    @property
    def said(self) -> str:
        """Its text."""
        return _joined(self.content)

    def event(self) -> s.Message:
        """Return the turn as events hold it."""
        return s.Message(
            role=self.role,
            content=self.said,
            name=self.name or "",
            tool_calls=tuple(
                s.ToolCall(id=c.id, name=c.function.name, arguments=c.function.arguments)
                for c in self.tool_calls or ()
            ),
            tool_call_id=self.tool_call_id or "",
        )


class _Described(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    name: Name


class Tool(BaseModel):
    """A function that its client offers to a model."""

    model_config = ConfigDict(extra="allow", strict=True)

    type: Literal["function"]
    function: _Described


class Form(BaseModel):
    """The form that an answer is to have."""

    model_config = ConfigDict(extra="allow", strict=True)

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "Form":
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("a json_schema is missing")
        return self


def _joined(content: str | list[Part] | None) -> str:
    if isinstance(content, list):
        return "\n".join(part.text for part in content)
    return content or ""
