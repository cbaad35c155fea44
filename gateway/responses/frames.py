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
    for frame in _numbered(_created(told), 0, after):
        yield frame
    text, sent, begun = "", max(0, after - BEFORE + 1), False
    try:
        async for event in news:
            if isinstance(event, TextEmitted):
                if event.start <= len(text) < event.start + len(event.text):
                    text += event.text[len(text) - event.start :]
                    if not begun:
                        begun = True
                        for frame in _numbered(_begun(told), CREATED, after):
                            yield frame
                    if len(text) > sent:
                        yield _delta(told, text, sent)
                        sent = len(text)
            elif isinstance(event, RunFailed):
                yield _frame("response.failed", max(after, BEFORE + sent - 1) + 1,
                             {"response": shown(told, event)})  # fmt: skip
                return
            elif isinstance(event, ResponseCompleted):
                if not event.text.startswith(text[:sent]):
                    raise _changed()
                if speaks(event) and not begun:
                    for frame in _numbered(_begun(told), CREATED, after):
                        yield frame
                if len(event.text) > sent:
                    yield _delta(told, event.text, sent)
                start = BEFORE + len(event.text) if speaks(event) else CREATED
                for frame in _numbered(_ending(told, event), start, after):
                    yield frame
                return
    except ApiError as error:
        said = {"code": error.code, "message": error.message, "param": error.param}
        yield _frame("error", max(after, BEFORE + sent - 1) + 1, said)


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


def _delta(told: Told, text: str, sent: int) -> bytes:
    said = {**_place(told), "delta": text[sent:], "logprobs": []}
    return _frame("response.output_text.delta", BEFORE + len(text) - 1, said)


def _changed() -> ApiError:
    message = "the answer changed while it was streamed; ask for the response to read it whole"
    return ApiError(500, "server_error", "stream_interrupted", message)


def _numbered(named: list[Named], start: int, after: int) -> Iterator[bytes]:
    """Yield the frames of events that are numbered from `start`, but those up to `after`."""
    for number, (name, fields) in enumerate(named, start):
        if number > after:
            yield _frame(name, number, fields)


def _frame(name: str, number: int, fields: dict[str, Any]) -> bytes:
    said = orjson.dumps({"type": name, "sequence_number": number, **fields})
    return b"event: " + name.encode() + b"\ndata: " + said + b"\n\n"
