"""Triton's errors end in its adapter: whoever calls it hears that the model is away."""

import asyncio
import socket
from typing import Any

import pytest

from processors.adapters.triton import TritonAnswerer, TritonEncoder, TritonServer
from streams.errors import ModelAway


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


async def test_a_server_that_is_not_there_is_away(closed_port: int) -> None:
    server = TritonServer(f"127.0.0.1:{closed_port}")
    for asking in (
        TritonEncoder(server).encode(["a"]),
        TritonAnswerer(server).quotes("a", ["b"]),
        server.parameter("minilm", "encoder"),
    ):
        with pytest.raises(ModelAway, match=f"Triton at 127.0.0.1:{closed_port} does not answer"):
            await asking
    await server.close()


async def test_a_server_that_speaks_something_else_is_away() -> None:
    async def junk(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(junk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        server = TritonServer(f"127.0.0.1:{port}")
        with pytest.raises(ModelAway):
            await server.parameter("minilm", "encoder")
        await server.close()
