"""A streamed response, in events that are numbered by what they tell of the text.

The number of a piece is that of its last character, so that a stream which is taken up again behind
any number goes on with the very next character, whoever sends it and however it is cut.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import orjson

from gateway.errors import ApiError
from gateway.responses.shown import Told, item, item_id, part, shown
from gateway.runs import News
from streams.events.chunks import TextEmitted
from streams.events.sessions import ResponseCompleted, RunFailed

#: Four events come before the first character.
BEFORE = 4
NOTHING = -1


async def frames(
    told: Told, news: AsyncIterator[News], after: int = NOTHING
) -> AsyncGenerator[bytes, None]:
    """Yield a response's events behind number `after`, up to the one that ends it.

    `news` may raise ApiError, which becomes an event.
    """
    for number, (name, fields) in enumerate(_beginning(told)):
        if number > after:
            yield _frame(name, number, fields)
    text, sent = "", max(0, after - BEFORE + 1)
    try:
        async for event in news:
            if isinstance(event, TextEmitted):
                if event.start <= len(text) < event.start + len(event.text):
                    text += event.text[len(text) - event.start :]
                    if len(text) > sent:
                        yield _delta(told, text, sent)
                        sent = len(text)
            elif isinstance(event, RunFailed):
                yield _frame("response.failed", max(after, BEFORE + sent - 1) + 1,
                             {"response": shown(told, event)})  # fmt: skip
                return
            elif isinstance(event, ResponseCompleted):
                for frame in _ending(told, event, text[:sent], sent, after):
                    yield frame
                return
    except ApiError as error:
        said = {"code": error.code, "message": error.message, "param": error.param}
        yield _frame("error", max(after, BEFORE + sent - 1) + 1, said)


def _beginning(told: Told) -> list[tuple[str, dict[str, Any]]]:
    response = shown(told, None)
    place = {"item_id": item_id(told.run_id), "output_index": 0, "content_index": 0}
    return [
        ("response.created", {"response": response}),
        ("response.in_progress", {"response": response}),
        ("response.output_item.added", {"output_index": 0, "item": item(told.run_id, None)}),
        ("response.content_part.added", {**place, "part": part("")}),
    ]


def _ending(told: Told, event: ResponseCompleted, heard: str, sent: int, after: int) -> list[bytes]:
    if not event.text.startswith(heard):
        message = "the answer changed while it was streamed; ask for the response to read it whole"
        raise ApiError(500, "server_error", "stream_interrupted", message)
    made = [_delta(told, event.text, sent)] if len(event.text) > sent else []
    place = {"item_id": item_id(told.run_id), "output_index": 0, "content_index": 0}
    response = shown(told, event)
    last = "response.incomplete" if response["status"] == "incomplete" else "response.completed"
    ends: list[tuple[str, dict[str, Any]]] = [
        ("response.output_text.done", {**place, "text": event.text, "logprobs": []}),
        ("response.content_part.done", {**place, "part": part(event.text)}),
        ("response.output_item.done", {"output_index": 0, "item": item(told.run_id, event.text)}),
        (last, {"response": response}),
    ]
    for number, (name, fields) in enumerate(ends, BEFORE + len(event.text)):
        if number > after:
            made.append(_frame(name, number, fields))
    return made


def _delta(told: Told, text: str, sent: int) -> bytes:
    place = {"item_id": item_id(told.run_id), "output_index": 0, "content_index": 0}
    said = {**place, "delta": text[sent:], "logprobs": []}
    return _frame("response.output_text.delta", BEFORE + len(text) - 1, said)


def _frame(name: str, number: int, fields: dict[str, Any]) -> bytes:
    said = orjson.dumps({"type": name, "sequence_number": number, **fields})
    return b"event: " + name.encode() + b"\ndata: " + said + b"\n\n"
