"""A streamed answer: OpenAI's frames, made of what is heard of a run.

A piece may come twice or not at all; the completed event has the last word.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway import answers
from gateway.asked import Asked, next_news
from gateway.errors import ApiError, failed
from gateway.runs import News
from streams.events.chunks import TextEmitted
from streams.events.sessions import ResponseCompleted, RunFailed

DONE = b"data: [DONE]\n\n"


class Frames(StreamingResponse):
    """A stream that lets go of its run however it ends."""

    def __init__(
        self, first: bytes, rest: AsyncGenerator[bytes, None], headers: dict[str, str]
    ) -> None:
        super().__init__(_chained(first, rest), media_type="text/event-stream", headers=headers)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the frames."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._rest.aclose()


async def frames_of(
    asked: Asked, first: News, news: asyncio.Queue[News]
) -> AsyncGenerator[bytes, None]:
    """Yield a whole stream, from its role to `[DONE]`; `first` is what was heard already."""
    yield _frame(asked, asked.body.model, delta={"role": "assistant", "content": ""})
    try:
        async for frame in _pieces(asked, first, news):
            yield frame
    except ApiError as error:
        yield b"data: " + orjson.dumps(error.body) + b"\n\n"
    yield DONE


async def _pieces(
    asked: Asked, first: News, news: asyncio.Queue[News]
) -> AsyncGenerator[bytes, None]:
    """Yield what is new of an answer; the completed event has the last word.

    A piece may come twice or not at all, and a model asked again may say something else: what was
    sent cannot be taken back, so that is an error.
    """
    sent, event = "", first
    while True:
        if isinstance(event, RunFailed):
            raise failed(event)
        if isinstance(event, TextEmitted):
            if event.start <= len(sent) < event.start + len(event.text):
                piece = event.text[len(sent) - event.start :]
                sent += piece
                yield _frame(asked, asked.body.model, delta={"content": piece})
            event = await next_news(news, asked)
            continue
        if not event.text.startswith(sent):
            message = "the answer changed while it was streamed; ask for the run to read it whole"
            raise ApiError(500, "server_error", "stream_interrupted", message)
        for frame in _ending(asked, event, event.text[len(sent) :]):
            yield frame
        return


def _ending(asked: Asked, event: ResponseCompleted, rest: str) -> list[bytes]:
    frames = [_frame(asked, event.model, delta={"content": rest})] if rest else []
    frames.append(
        _frame(
            asked,
            event.model,
            delta={},
            finish_reason=event.finish_reason,
            aether=answers.beside(event, asked.session),
        )
    )
    options = asked.body.stream_options
    if options is not None and options.include_usage:
        frames.append(_frame(asked, event.model, usage=answers.usage(event)))
    return frames


def _frame(asked: Asked, model: str, **fields: Any) -> bytes:
    said = answers.chunk(asked.run_id, model, asked.created, **fields)
    return b"data: " + orjson.dumps(said) + b"\n\n"


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for frame in rest:
        yield frame
