"""A server of OpenAI's API that says what a test says, and what it says."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.serve import Server
from processors.adapters.model_server import ModelServer
from processors.adapters.openai_model import OpenAIModel

KEY = "sk-secret-4711"
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


def completion(text: Any = "324 m [1].", **fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    made = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return {**made, "choices": [choice], "usage": USAGE, **fields}


def frames(*texts: str, usage: Any = USAGE) -> list[bytes]:
    made = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [{"index": 0, "delta": {"content": text}, "finish_reason": None} for text in texts]
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    chunks = [{**made, "choices": [choice]} for choice in (*deltas, end)]
    chunks.append({**made, "choices": [], "usage": usage})
    return [b"data: " + json.dumps(c).encode() + b"\n\n" for c in chunks] + [b"data: [DONE]\n\n"]


def streamed(*pieces: bytes, dies: bool = False) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        if dies:
            raise ConnectionAbortedError("cut")

    return StreamingResponse(body(), media_type="text/event-stream")


class Endpoint:
    """A server; `answers` are given in order, `asked` is what came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answer: Any = JSONResponse(completion())
        self.asked: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.peers: list[Any] = []
        self.server = ModelServer(f"http://127.0.0.1:{port}/v1", KEY)

    async def complete(self, request: Request) -> Response:
        self.asked.append((await request.json(), dict(request.headers)))
        self.peers.append(request.client)
        if isinstance(self.answer, Response):
            return self.answer
        if callable(self.answer):
            return self.answer(self.asked[-1][0])  # type: ignore[no-any-return]
        await asyncio.sleep(self.answer)  # a server that takes its time
        return JSONResponse(completion())

    def model(self) -> OpenAIModel:
        return OpenAIModel(self.server, "m")


@asynccontextmanager
async def served() -> AsyncIterator[Endpoint]:
    listening = socket.create_server(("127.0.0.1", 0))
    endpoint = Endpoint(listening.getsockname()[1])
    routes = [Route("/v1/chat/completions", endpoint.complete, methods=["POST"])]
    config = uvicorn.Config(
        Starlette(routes=routes), log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield endpoint
    finally:
        await endpoint.server.close()
        server.should_exit = True
        await serving


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with served() as opened:
        yield opened
