"""A streamed answer: OpenAI's frames, made of what is heard of a run.

A piece may come twice or not at all; the completed event has the last word.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway import answers, sse
from gateway.asked import Asked, next_news
from gateway.errors import ApiError, failed
from gateway.pieces import Heard
from gateway.runs import News
from streams.events.sessions import ResponseCompleted, RunFailed

DONE = b"data: [DONE]\n\n"


async def _stay() -> None:
    """Leave nothing: what is streamed can be asked for again."""


class Frames(StreamingResponse):
    """A stream that lets go of its run however it ends; `left` is called if its client hung up."""

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes, None],
        headers: dict[str, str],
        left: Callable[[], Awaitable[None]] = _stay,
    ) -> None:
        told = {**sse.HEADERS, **headers}
        super().__init__(self._frames(first), media_type=sse.MEDIA_TYPE, headers=told)
        self._rest = rest
        self._left = left
        self._whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the frames."""
        try:
            with suppress(ClientDisconnect):
                await super().__call__(scope, receive, send)
            if not self._whole:
                await self._left()
        finally:
            await self._rest.aclose()

    async def _frames(self, first: bytes) -> AsyncGenerator[bytes, None]:
        yield first
        async for frame in self._rest:
            yield frame
        self._whole = True


async def frames_of(
    asked: Asked, first: News, news: asyncio.Queue[News]
) -> AsyncGenerator[bytes, None]:
    """Yield a whole stream, from its role to `[DONE]`; `first` is what was heard already."""
    for index in range(asked.body.n or 1):
        yield _frame(asked, asked.body.model, index, delta={"role": "assistant", "content": ""})
    try:
        async for frame in _pieces(asked, first, news):
            yield frame
    except ApiError as error:
        yield b"data: " + orjson.dumps(error.body) + b"\n\n"
    yield DONE


async def _pieces(
    asked: Asked, first: News, news: asyncio.Queue[News]
) -> AsyncGenerator[bytes, None]:
    """Yield what is new of an answer; the completed event has the last word."""
    heard, event = Heard(), first
    while True:
        if isinstance(event, RunFailed):
            raise failed(event)
        if isinstance(event, ResponseCompleted):
            for delta in heard.rest(event):
                yield _frame(asked, event.model, delta.choice, delta=delta.told)
            for frame in _ending(asked, event):
                yield frame
            return
        new = heard.piece(event)
        if new is not None:
            yield _frame(asked, asked.body.model, new.choice, delta=new.told)
        event = await next_news(news, asked)


def _ending(asked: Asked, event: ResponseCompleted) -> list[bytes]:
    """Return how each answer ended; the first one's frame tells what lies beside them."""
    beside: dict[str, Any] = {"aether": answers.beside(event, asked.session)}
    frames = [
        _frame(
            asked, event.model, index, delta={}, finish_reason=made.finish_reason,
            **({} if index else beside),
        )
        for index, made in enumerate(answers.choices(event))
    ]  # fmt: skip
    options = asked.body.stream_options
    if options is not None and options.include_usage:
        frames.append(_frame(asked, event.model, usage=answers.usage(event)))
    return frames


def _frame(asked: Asked, model: str, index: int = 0, **fields: Any) -> bytes:
    said = answers.chunk(asked.run_id, model, asked.created, index, **fields)
    return b"data: " + orjson.dumps(said) + b"\n\n"
