"""What a client offers a model and wants of its answer: functions, a form of the text, effort.

The Responses API and chat say the same in different shapes. The record holds chat's, which is what
models are told; a response is shown in its own.
"""

from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, model_validator

from gateway.turns import Name


class _Told(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class Function(_Told):
    """A function that its client offers; tools that a provider runs itself are not known here."""

    type: Literal["function"]
    name: Name


class Chosen(_Told):
    """The one function that is to be called."""

    type: Literal["function"]
    name: Name


class Format(_Told):
    """The form of the text."""

    type: Literal["text", "json_object", "json_schema"]

    @model_validator(mode="after")
    def _has_its_schema(self) -> "Format":
        extra = self.model_extra or {}
        if self.type == "json_schema":
            if not isinstance(extra.get("schema"), dict):
                raise ValueError("a schema is missing")
            if not isinstance(extra.get("name"), str):
                raise ValueError("a name is missing")
        return self


class Text(_Told):
    """How the text is to be."""

    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class Reasoning(_Told):
    """How hard the model is to think; what else may be said of it is not heeded."""

    effort: str | None = None


Choice = Literal["none", "auto", "required"] | Chosen


def as_tool(function: Function) -> dict[str, Any]:
    """Return a function as chat says it."""
    return {"type": "function", "function": function.model_dump(exclude={"type"})}


def as_choice(choice: Choice | None) -> str | dict[str, Any] | None:
    """Return which function is to be called as chat says it."""
    if isinstance(choice, Chosen):
        return {"type": "function", "function": {"name": choice.name}}
    return choice


def as_response_format(form: Format | None) -> dict[str, Any] | None:
    """Return a form as chat says it."""
    if form is None or form.type == "text":
        return None
    told = form.model_dump()
    kind = told.pop("type")
    return {"type": kind, "json_schema": told} if kind == "json_schema" else {"type": kind}


def shown(verbatim: str) -> dict[str, Any]:
    """Return what a record says a model was told, as a response shows it.

    Whoever writes to the log may have written the record: what says nothing is shown as nothing.
    """
    try:
        return _shown(orjson.loads(verbatim or "{}"))
    except (ValueError, TypeError, KeyError, AttributeError):  # no JSON, or of another shape
        return _shown({})


def _shown(told: dict[str, Any]) -> dict[str, Any]:
    form, choice = told.get("response_format", {"type": "text"}), told.get("tool_choice", "auto")
    text = {"format": {"type": form["type"], **form.get("json_schema", {})}}
    if "verbosity" in told:
        text["verbosity"] = told["verbosity"]
    if isinstance(choice, dict):
        choice = {"type": "function", **choice.get("function", {})}
    return {
        "parallel_tool_calls": told.get("parallel_tool_calls", True),
        "reasoning": {"effort": told.get("reasoning_effort"), "summary": None},
        "text": text,
        "tool_choice": choice,
        "tools": [{"type": "function", **tool["function"]} for tool in told.get("tools", [])],
    }
