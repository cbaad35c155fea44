"""OpenAI's doors: `/v1/chat/completions`, plain and streamed, and `/v1/models`."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway import answers, chat
from gateway.asked import Asked, next_news
from gateway.body import Bodies
from gateway.capabilities import Capabilities
from gateway.errors import ApiError, away, failed, unknown
from gateway.frames import Frames, frames_of
from gateway.identified import run_of
from gateway.named import SESSION_HEADER, named
from gateway.runs import Runs
from gateway.sender import QueueFull, Sender
from streams.errors import BrokerAway, DeliveryFailed, StoreAway
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.log import Headers

T = TypeVar("T")

TRACE_HEADERS = ("traceparent", "tracestate")
LARGE = 100_000


class OpenAI:
    """The routes under `/v1`."""

    def __init__(
        self,
        sender: Sender,
        runs: Runs,
        capabilities: Capabilities,
        timeout_s: float,
        bodies: Bodies,
    ) -> None:
        self._sender = sender
        self._runs = runs
        self._capabilities = capabilities
        self._timeout_s = timeout_s
        self._bodies = bodies
        self.routes = [
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{name:path}", self.model, methods=["GET"]),
            Route("/v1/chat/completions", self.complete, methods=["POST"]),
        ]

    async def models(self, _: Request) -> Response:
        """List what can be asked for by name; the first one routes by meaning."""
        return JSONResponse({"object": "list", "data": self._capabilities.listed()})

    async def model(self, request: Request) -> Response:
        """Return one of them."""
        name = request.path_params["name"]
        for model in self._capabilities.listed():
            if model["id"] == name:
                return JSONResponse(model)
        message = f"nothing here is called {name!r}"
        raise ApiError(404, "invalid_request_error", "model_not_found", message, "model")

    async def complete(self, request: Request) -> Response:
        """Answer a chat request with what its run comes to."""
        body = chat.parse(await self._bodies.json(request))
        names = named(request, body)
        run_id = run_of(request)
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        asked = Asked(run_id, names, body, answers.now(), deadline)
        if not self._runs.following:
            raise away("answers cannot be followed yet")
        headers = _headers(asked)
        if body.stream:
            frames = self._stream(asked, _trace(request))
            # what fails before the first piece is an answer with a status
            first = await _while_connected(request, anext(frames))
            return Frames(first, frames, headers)
        event = await _while_connected(request, self._whole(asked, _trace(request)))
        written = orjson.dumps(answers.answer(event, asked.created, asked.session))
        return Response(written, media_type="application/json", headers=headers)

    async def _whole(self, asked: Asked, trace: Headers) -> ResponseCompleted:
        with self._runs.waiting(asked.run_id) as news:
            await self._send(asked, trace)
            while True:
                event = await next_news(news, asked)
                if isinstance(event, ResponseCompleted):
                    return event
                if isinstance(event, RunFailed):
                    raise failed(event)

    async def _stream(self, asked: Asked, trace: Headers) -> AsyncGenerator[bytes, None]:
        with self._runs.waiting(asked.run_id) as news:
            await self._send(asked, trace)
            first = await next_news(news, asked)
            if isinstance(first, RunFailed):
                raise failed(first)
            async for frame in frames_of(asked, first, news):
                yield frame

    async def _send(self, asked: Asked, trace: Headers) -> None:
        names = asked.names
        event = asked.body.event(asked.run_id, names.scopes, names.remember_in)
        large = asked.body.size > LARGE
        try:
            await self._sender.send(asked.run_id, asked.session, event, trace, large=large)
        except (BrokerAway, QueueFull, StoreAway) as error:
            raise away(str(error)) from error
        except DeliveryFailed as error:
            raise unknown(asked.run_id, str(error)) from error


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
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


def _trace(request: Request) -> Headers:
    return [(n, request.headers[n].encode()) for n in TRACE_HEADERS if n in request.headers]


def _headers(asked: Asked) -> dict[str, str]:
    headers = {SESSION_HEADER: asked.session.encode().decode("latin-1")}  # UTF-8 on its way
    if asked.body.ignored:
        headers["x-aether-ignored"] = ", ".join(asked.body.ignored)
    return headers
