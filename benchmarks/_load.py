"""Clients that ask as fast as they are answered, over connections kept alive."""

import asyncio
import json
import time
from typing import NamedTuple

LENGTH = b"content-length:"
WITHIN_S = 120.0


class Answered(NamedTuple):
    """One request: when it was sent and answered, in Unix seconds; and how long that took."""

    sent: float
    answered: float
    seconds: float


class Load(NamedTuple):
    """Where to ask, for which model."""

    port: int
    model: str

    async def run(self, clients: int, requests: int) -> list[Answered]:
        """Ask `requests` times in all, by so many clients at once."""
        each = max(1, requests // clients)
        async with asyncio.timeout(WITHIN_S):
            runs = await asyncio.gather(*(self._client(n, each) for n in range(clients)))
        return [answered for run in runs for answered in run]

    async def _client(self, number: int, requests: int) -> list[Answered]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answered = []
        for turn in range(requests):
            question = f"What is point {turn} of client {number}?"
            asked = {"model": self.model, "messages": [{"role": "user", "content": question}]}
            body = json.dumps(asked).encode()
            sent, began = time.time(), time.perf_counter()
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
                b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
            )
            await _answer(reader)
            answered.append(Answered(sent, time.time(), time.perf_counter() - began))
        writer.close()
        await writer.wait_closed()
        return answered


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line[len(LENGTH) :]) for line in lines if line.startswith(LENGTH))
    body = await reader.readexactly(length)
    assert b" 200 " in head.split(b"\r\n", 1)[0], body[:2000]
    return body
