"""From a request to its answer: the event goes out, and what is heard of its run comes back."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from gateway import answers
from gateway.asked import Asked, next_news
from gateway.chat import ChatRequest
from gateway.errors import ApiError, away, failed, unknown
from gateway.identified import run_of
from gateway.named import SESSION_HEADER, Named
from gateway.runs import News, Runs
from gateway.sender import QueueFull, Sender
from gateway.unheeded import named_in_header
from streams.errors import BrokerAway, DeliveryFailed, StoreAway
from streams.events.sessions import (
    CancellationRequested,
    RequestReceived,
    ResponseCompleted,
    RunFailed,
)
from streams.ids import EventId, RunId, derived
from streams.log import Headers

T = TypeVar("T")

TRACE_HEADERS = ("traceparent", "tracestate")
LARGE = 100_000

#: Makes frames of what is heard first, and then of the news that come.
Framing = Callable[[Asked, News, "asyncio.Queue[News]"], AsyncGenerator[bytes, None]]


class Asking:
    """What leads from a request to the log, and back from it."""

    def __init__(self, sender: Sender, runs: Runs, timeout_s: float) -> None:
        self.runs = runs
        self._sender = sender
        self._timeout_s = timeout_s

    def begin(
        self, request: Request, names: Named, body: ChatRequest, *, kept: bool = False
    ) -> Asked:
        """Return a request on its way. Raises ApiError if its answer would not be heard."""
        return Asked(run_of(request), names, body, answers.now(), self.deadline(), kept)

    def deadline(self) -> float:
        """Say until when a client waits from now on. Raises ApiError if nothing would be heard."""
        if not self.runs.following:
            raise away("answers cannot be followed yet")
        return asyncio.get_running_loop().time() + self._timeout_s

    async def whole(self, asked: Asked, head: Headers) -> ResponseCompleted:
        """Send a request and wait for its answer. Raises ApiError."""
        with self.runs.waiting(asked.run_id) as news:
            await self.send(asked, head)
            while True:
                event = await next_news(news, asked)
                if isinstance(event, ResponseCompleted):
                    return event
                if isinstance(event, RunFailed):
                    raise failed(event)

    async def stream(
        self, asked: Asked, head: Headers, framing: Framing
    ) -> AsyncGenerator[bytes, None]:
        """Send a request and yield its answer's frames. Raises ApiError before the first one."""
        with self.runs.waiting(asked.run_id) as news:
            await self.send(asked, head)
            first = await next_news(news, asked)
            if isinstance(first, RunFailed):
                raise failed(first)
            async for frame in framing(asked, first, news):
                yield frame

    async def send(self, asked: Asked, head: Headers) -> None:
        """Append the request under the id of its run; `head` are more headers. Raises ApiError."""
        size = asked.body.size
        await self.append(asked.run_id, asked.session, received(asked), head, large=size > LARGE)

    async def cancel(self, run_id: RunId, session: str) -> None:
        """Ask for a run's end; asked for again, it is the same event. Raises ApiError."""
        event_id = EventId(derived(run_id, "cancellation"))
        event = CancellationRequested(run_id=run_id)
        await self.append(run_id, session, event, [], event_id=event_id)

    async def leave(self, asked: Asked) -> None:
        """Ask for the end of a run whose client hung up on its stream, unless it can come back.

        Nobody is there to be told if this fails: then the run goes on to its end.
        """
        if not asked.kept:
            with suppress(ApiError):
                await self.cancel(asked.run_id, asked.session)

    async def append(self, run_id: RunId, key: str, event: Any, head: Headers, **how: Any) -> None:
        """Append an event of a run as `Sender.send` does. Raises ApiError."""
        try:
            await self._sender.send(run_id, key, event, head, **how)
        except (BrokerAway, QueueFull, StoreAway) as error:
            raise away(str(error)) from error
        except DeliveryFailed as error:
            raise unknown(run_id, str(error)) from error


def received(asked: Asked) -> RequestReceived:
    """Return a request as the event that it is."""
    names = asked.names
    return asked.body.event(asked.run_id, names.scopes, names.remember_in)


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns. Raises ClientDisconnect, and ends it, when nobody waits for it.

    The body was read: what is received now can only be the end.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


def trace_of(request: Request) -> Headers:
    """Return the trace context that a request came with."""
    return [(n, request.headers[n].encode()) for n in TRACE_HEADERS if n in request.headers]


def said_beside(asked: Asked) -> dict[str, str]:
    """Return the headers of an answer: whose session it was, and what was not heeded."""
    headers = {SESSION_HEADER: asked.session.encode().decode("latin-1")}  # UTF-8 on its way
    return {**headers, **named_in_header(asked.body.ignored)}
