"""OpenAI's doors: `/v1/chat/completions`, plain and streamed, and `/v1/models`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway import chat
from gateway.body import read_json
from gateway.capabilities import Capabilities
from gateway.errors import ApiError, away, failed, invalid, unknown
from gateway.runs import News, Runs
from gateway.sender import QueueFull, Sender
from streams.errors import BrokerAway, DeliveryFailed, StoreAway
from streams.events.chunks import TextEmitted
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.log import Headers
from streams.text import is_wellformed

SESSION_HEADER = "x-aether-session"
TRACE_HEADERS = ("traceparent", "tracestate")
LARGE = 100_000
KEEP_ALIVE_S = 15.0


class Asked(NamedTuple):
    """A request on its way: its run, whose turn it is, and until when its client waits."""

    run_id: RunId
    session: str
    body: chat.ChatRequest
    created: int
    deadline: float


class OpenAI:
    """The routes under `/v1`."""

    def __init__(
        self,
        sender: Sender,
        runs: Runs,
        capabilities: Capabilities,
        timeout_s: float,
        body_max: int,
    ) -> None:
        self._sender = sender
        self._runs = runs
        self._capabilities = capabilities
        self._timeout_s = timeout_s
        self._body_max = body_max
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
        body = chat.parse(await read_json(request, self._body_max))
        named = _session(request, body)
        run_id = self._sender.new_run()
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        asked = Asked(run_id, named or run_id, body, chat.now(), deadline)
        if not self._runs.following:
            raise away("answers cannot be followed yet")
        headers = _headers(asked)
        if body.stream:
            frames = self._stream(asked, named, _trace(request))
            first = await anext(frames)  # what fails at the door is an answer with a status
            frames = _chained(first, frames)
            return StreamingResponse(frames, media_type="text/event-stream", headers=headers)
        event = await self._whole(asked, named, _trace(request))
        written = orjson.dumps(chat.answer(event, asked.created, asked.session))
        return Response(written, media_type="application/json", headers=headers)

    async def _whole(self, asked: Asked, named: str | None, trace: Headers) -> ResponseCompleted:
        with self._runs.waiting(asked.run_id) as news:
            await self._send(asked, named, trace)
            while True:
                event = await _next(news, asked)
                if isinstance(event, ResponseCompleted):
                    return event
                if isinstance(event, RunFailed):
                    raise failed(event)

    async def _stream(
        self, asked: Asked, named: str | None, trace: Headers
    ) -> AsyncIterator[bytes]:
        with self._runs.waiting(asked.run_id) as news:
            await self._send(asked, named, trace)
            model = asked.body.model
            yield _frame(asked, model, delta={"role": "assistant", "content": ""})
            try:
                async for frame in _pieces(asked, news):
                    yield frame
            except ApiError as error:
                yield b"data: " + orjson.dumps(error.body) + b"\n\n"
            yield b"data: [DONE]\n\n"

    async def _send(self, asked: Asked, named: str | None, trace: Headers) -> None:
        event = asked.body.event(asked.run_id, named)
        large = asked.body.size > LARGE
        try:
            await self._sender.send(asked.run_id, asked.session, event, trace, large=large)
        except (BrokerAway, QueueFull, StoreAway) as error:
            raise away(str(error)) from error
        except DeliveryFailed as error:
            raise unknown(asked.run_id, str(error)) from error


async def _pieces(asked: Asked, news: asyncio.Queue[News]) -> AsyncIterator[bytes]:
    """Yield what is new of an answer; the completed event has the last word.

    A piece may come twice or not at all, and a model asked again may say something else: what was
    sent cannot be taken back, so that is an error.
    """
    sent = ""
    while True:
        event = await _next(news, asked)
        if isinstance(event, RunFailed):
            raise failed(event)
        if isinstance(event, TextEmitted):
            if event.start <= len(sent) < event.start + len(event.text):
                piece = event.text[len(sent) - event.start :]
                sent += piece
                yield _frame(asked, asked.body.model, delta={"content": piece})
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
            aether=chat.beside(event, asked.session),
        )
    )
    options = asked.body.stream_options
    if options is not None and options.include_usage:
        frames.append(_frame(asked, event.model, usage=chat.usage(event)))
    return frames


async def _next(news: asyncio.Queue[News], asked: Asked) -> News:
    try:
        async with asyncio.timeout_at(asked.deadline):
            return await news.get()
    except TimeoutError:
        raise unknown(asked.run_id, "no answer in time") from None


def _frame(asked: Asked, model: str, **fields: Any) -> bytes:
    said = chat.chunk(asked.run_id, model, asked.created, **fields)
    return b"data: " + orjson.dumps(said) + b"\n\n"


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for frame in rest:
        yield frame


def _session(request: Request, body: chat.ChatRequest) -> str | None:
    """Return the session a client names, by header or metadata."""
    named = request.headers.get(SESSION_HEADER) or (body.metadata or {}).get("session_id")
    if named is None:
        return None
    if not 0 < len(named) <= chat.NAME_MAX or named.startswith("@") or not is_wellformed(named):
        raise invalid(f"a session's name has 1 to {chat.NAME_MAX} characters, the first no '@'")
    return named


def _trace(request: Request) -> Headers:
    return [(n, request.headers[n].encode()) for n in TRACE_HEADERS if n in request.headers]


def _headers(asked: Asked) -> dict[str, str]:
    headers: dict[str, str] = {"x-request-id": asked.run_id}
    with suppress(UnicodeEncodeError):
        asked.session.encode("latin-1")
        headers[SESSION_HEADER] = asked.session
    if asked.body.ignored:
        headers["x-aether-ignored"] = ", ".join(asked.body.ignored)
    return headers
