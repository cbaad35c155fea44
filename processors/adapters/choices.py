"""The answers of an OpenAI-compatible server, put together from its pieces or taken whole.

A whole message is one piece: both are read alike, and say the same of the same answer.
"""

from collections.abc import Mapping
from typing import Any

from processors.models.ports import Answer, Called, Emit, Said
from processors.models.prompt import citations_in
from streams.events.sessions import Alternative, InferenceRequested, ToolCall
from streams.text import wellformed


class _Call:
    """One call of a tool, as far as it was heard."""

    def __init__(self) -> None:
        self.id = self.name = self.arguments = ""

    def made(self) -> ToolCall:
        return ToolCall(id=self.id, name=self.name, arguments=wellformed(self.arguments))


class _Choice:
    """One answer, as far as it was heard."""

    def __init__(self) -> None:
        self.text = ""
        self.finish = "stop"
        self.calls: dict[int, _Call] = {}

    def made(self) -> Alternative:
        calls = tuple(call.made() for _, call in sorted(self.calls.items()))
        return Alternative(text=wellformed(self.text), tool_calls=calls, finish_reason=self.finish)


class Choices:
    """What a server says, by choice; every piece is handed on as it comes."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._heard: dict[int, _Choice] = {}

    def take(self, choice: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        """Take a choice's next piece, or all of it. Raises what `UNREADABLE` is."""
        index = int(choice.get("index") or 0)
        heard = self._heard.setdefault(index, _Choice())
        heard.finish = str(choice.get("finish_reason") or heard.finish)
        if text := said.get("content"):
            heard.text += text
            self._emit(Said(wellformed(text), index))
        for place, call in enumerate(said.get("tool_calls") or ()):
            number = int(call.get("index", place))
            known, function = heard.calls.setdefault(number, _Call()), call.get("function") or {}
            known.id = str(call.get("id") or known.id)
            known.name = known.name or str(function.get("name") or "")
            more = str(function.get("arguments") or "")
            known.arguments += more
            self._emit(Called(number, known.id, known.name, wellformed(more), index))

    def answer(self, request: InferenceRequested, usage: tuple[int, int]) -> Answer:
        """Return what was said. Raises ValueError if nothing was."""
        first, *others = (choice.made() for _, choice in sorted(self._heard.items()))
        texts = "\n".join(each.text for each in (first, *others))
        return Answer(
            first.text,
            citations_in(texts, request.passages),
            first.finish_reason,
            *usage,
            first.tool_calls,
            tuple(others),
        )
