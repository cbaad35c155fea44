"""What a client heard of an answer, piece by piece, and what of the whole is left to be told.

A piece may come twice or not at all, and a model asked again may say something else: what was told
cannot be taken back, so that is an error. The completed event has the last word.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.answers import choices
from gateway.errors import ApiError
from streams.events.chunks import CallEmitted, TextEmitted
from streams.events.sessions import Alternative, ResponseCompleted, ToolCall


class Delta(NamedTuple):
    """What is new of an answer, as OpenAI writes it."""

    choice: int
    told: dict[str, Any]


class Heard:
    """What was told so far, by choice and call."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._calls: dict[tuple[int, int], ToolCall] = {}

    def piece(self, event: TextEmitted | CallEmitted) -> Delta | None:
        """Return what a piece has that is new, if it goes on where the last one ended."""
        if isinstance(event, CallEmitted):
            return self._called(event)
        known = self._texts.get(event.choice, "")
        new = _behind(known, event.start, event.text)
        if not new:
            return None
        self._texts[event.choice] = known + new
        return Delta(event.choice, {"content": new})

    def rest(self, event: ResponseCompleted) -> Iterator[Delta]:
        """Yield what was not told yet. Raises ApiError if the answer is another than was told."""
        there = choices(event)
        if any(choice >= len(there) for choice in (*self._texts, *(of for of, _ in self._calls))):
            raise _changed()
        for choice, made in enumerate(there):
            told = self._texts.get(choice, "")
            calls = self._told_calls(choice)
            if not made.text.startswith(told) or not _go_on(calls, made):
                raise _changed()
            if rest := made.text[len(told) :]:
                yield Delta(choice, {"content": rest})
            for number, call in enumerate(made.tool_calls):
                known = calls.get(number)
                if known is None:
                    yield Delta(choice, {"tool_calls": [_begun(number, call)]})
                elif rest := call.arguments[len(known.arguments) :]:
                    yield Delta(choice, {"tool_calls": [_more(number, rest)]})

    def _called(self, event: CallEmitted) -> Delta | None:
        at = event.choice, event.call
        known = self._calls.get(at)
        if known is None:
            if event.start:
                return None  # its beginning is missing: the completed event tells it
            made = ToolCall(id=event.call_id, name=event.name, arguments=event.arguments)
            self._calls[at] = made
            return Delta(event.choice, {"tool_calls": [_begun(event.call, made)]})
        new = _behind(known.arguments, event.start, event.arguments)
        if not new:
            return None
        self._calls[at] = ToolCall(id=known.id, name=known.name, arguments=known.arguments + new)
        return Delta(event.choice, {"tool_calls": [_more(event.call, new)]})

    def _told_calls(self, choice: int) -> dict[int, ToolCall]:
        return {call: made for (of, call), made in self._calls.items() if of == choice}


def _behind(known: str, start: int, text: str) -> str:
    """Return what of a text at `start` lies behind what is known; nothing beyond a gap."""
    return text[len(known) - start :] if start <= len(known) < start + len(text) else ""


def _go_on(told: dict[int, ToolCall], made: Alternative) -> bool:
    """Whether the calls that were told are the beginning of those that were made."""
    return all(
        number < len(made.tool_calls)
        and (call.id, call.name) == (made.tool_calls[number].id, made.tool_calls[number].name)
        and made.tool_calls[number].arguments.startswith(call.arguments)
        for number, call in told.items()
    )


def _begun(number: int, call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": number, "id": call.id, "type": "function", "function": function}


def _more(number: int, arguments: str) -> dict[str, Any]:
    return {"index": number, "function": {"arguments": arguments}}


def _changed() -> ApiError:
    message = "the answer changed while it was streamed; ask for the run to read it whole"
    return ApiError(500, "server_error", "stream_interrupted", message)
