"""A streamed response, in events that are numbered by what they tell of the text.

The number of a piece is that of its last character, so that a stream which is taken up again behind
any number goes on with the very next character, whoever sends it and however it is cut.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import orjson

from gateway.errors import ApiError
from gateway.responses.shown import Told, item, item_id, output, part, shown, speaks
from gateway.runs import News
from streams.events.chunks import TextEmitted
from streams.events.sessions import ResponseCompleted, RunFailed

#: Two events come before anything is said, and four before the first character.
CREATED, BEFORE = 2, 4
NOTHING = -1

Named = tuple[str, dict[str, Any]]


async def frames(
    told: Told, news: AsyncIterator[News], after: int = NOTHING
) -> AsyncGenerator[bytes, None]:
    """Yield a response's events behind number `after`, up to the one that ends it.

    `news` may raise ApiError, which becomes an event. Calls are told when they are whole.
    """
    telling = _Telling(told, after)
    for frame in telling.numbered(_created(told), 0):
        yield frame
    try:
        async for event in news:
            for frame in telling.heard(event):
                yield frame
            if isinstance(event, ResponseCompleted | RunFailed):
                return
    except ApiError as error:
        said = {"code": error.code, "message": error.message, "param": error.param}
        yield telling.broken("error", said)


class _Telling:
    """How far a response was told: `sent` characters of `text`, those before `after` included."""

    def __init__(self, told: Told, after: int) -> None:
        self._told = told
        self._after = after
        self._text, self._sent = "", max(0, after - BEFORE + 1)
        self._begun = False

    def heard(self, event: News) -> Iterator[bytes]:
        """Yield what is new. Raises ApiError if the answer is another than was told."""
        if isinstance(event, TextEmitted):
            yield from self._piece(event)
        elif isinstance(event, ResponseCompleted):
            yield from self._end(event)
        elif isinstance(event, RunFailed):
            yield self.broken("response.failed", {"response": shown(self._told, event)})

    def broken(self, name: str, fields: dict[str, Any]) -> bytes:
        """Return the event behind all that was told."""
        return _frame(name, max(self._after, BEFORE + self._sent - 1) + 1, fields)

    def numbered(self, named: list[Named], start: int) -> Iterator[bytes]:
        """Yield the frames of events that are numbered from `start`, but those told before."""
        for number, (name, fields) in enumerate(named, start):
            if number > self._after:
                yield _frame(name, number, fields)

    def _piece(self, event: TextEmitted) -> Iterator[bytes]:
        if event.start <= len(self._text) < event.start + len(event.text):
            self._text += event.text[len(self._text) - event.start :]
            yield from self._up_to(self._text)

    def _end(self, event: ResponseCompleted) -> Iterator[bytes]:
        if not event.text.startswith(self._text[: self._sent]):
            raise _changed()
        start = CREATED
        if speaks(event):
            yield from self._up_to(event.text)
            start = BEFORE + len(event.text)
        yield from self.numbered(_ending(self._told, event), start)

    def _up_to(self, text: str) -> Iterator[bytes]:
        """Yield the message's beginning, once, and what of its text was not told yet."""
        if not self._begun:
            yield from self.numbered(_begun(self._told), CREATED)
            self._begun = True
        if len(text) > self._sent:
            said = {**_place(self._told), "delta": text[self._sent :], "logprobs": []}
            yield _frame("response.output_text.delta", BEFORE + len(text) - 1, said)
            self._sent = len(text)


def _created(told: Told) -> list[Named]:
    response = shown(told, None)
    return [
        ("response.created", {"response": response}),
        ("response.in_progress", {"response": response}),
    ]


def _begun(told: Told) -> list[Named]:
    return [
        ("response.output_item.added", {"output_index": 0, "item": item(told.run_id, None)}),
        ("response.content_part.added", {**_place(told), "part": part("")}),
    ]


def _ending(told: Told, event: ResponseCompleted) -> list[Named]:
    """Return what ends the message, if there is one, every call, and the end."""
    made: list[Named] = []
    for index, each in enumerate(output(told.run_id, event)):
        made += _said(told, event.text) if each["type"] == "message" else _called(index, each)
        made.append(("response.output_item.done", {"output_index": index, "item": each}))
    response = shown(told, event)
    last = "response.incomplete" if response["status"] == "incomplete" else "response.completed"
    return [*made, (last, {"response": response})]


def _said(told: Told, text: str) -> list[Named]:
    return [
        ("response.output_text.done", {**_place(told), "text": text, "logprobs": []}),
        ("response.content_part.done", {**_place(told), "part": part(text)}),
    ]


def _called(index: int, call: dict[str, Any]) -> list[Named]:
    place = {"item_id": call["id"], "output_index": index}
    begins = {**call, "arguments": "", "status": "in_progress"}
    done = {**place, "name": call["name"], "arguments": call["arguments"]}
    return [
        ("response.output_item.added", {"output_index": index, "item": begins}),
        ("response.function_call_arguments.delta", {**place, "delta": call["arguments"]}),
        ("response.function_call_arguments.done", done),
    ]


def _place(told: Told) -> dict[str, Any]:
    return {"item_id": item_id(told.run_id), "output_index": 0, "content_index": 0}


def _changed() -> ApiError:
    message = "the answer changed while it was streamed; ask for the response to read it whole"
    return ApiError(500, "server_error", "stream_interrupted", message)


def _frame(name: str, number: int, fields: dict[str, Any]) -> bytes:
    said = orjson.dumps({"type": name, "sequence_number": number, **fields})
    return b"event: " + name.encode() + b"\ndata: " + said + b"\n\n"
