"""A request's Kafka hops written by hand: a door, and stages that consume, decode and produce.

As many appends lie between question and answer as in the grid; the stages do nothing else, and all
share one consumer loop, which is the quickest way there is.
"""

import asyncio
import io
import json
import sys
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import fastavro
import uvicorn
from confluent_kafka import Consumer, Producer, TopicPartition
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

#: Appends from question to answer: received, perceived, recalled, requested, completed, responded.
HOPS = 6
PARTITIONS = 4
TOPICS = [f"chain.{hop}" for hop in range(HOPS)]
SAID = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Said",
        "fields": [{"name": "id", "type": "string"}, {"name": "text", "type": "string"}],
    }
)


def encode(said: Any) -> bytes:
    """Write an event."""
    body = io.BytesIO(b"\0\0\0\0\1")
    body.seek(5)
    fastavro.schemaless_writer(body, SAID, said)
    return body.getvalue()


def decode(value: bytes | None) -> Any:
    """Read an event."""
    body = io.BytesIO(value or b"")
    body.seek(5)
    return fastavro.schemaless_reader(body, SAID, None)


def producer(bootstrap: str) -> Producer:
    """Return a producer that sends at once, as the grid's do."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 0,
        }
    )


def consumer(bootstrap: str, group: str) -> Consumer:
    """Return a consumer."""
    return Consumer(
        {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    )


def stages(bootstrap: str) -> None:
    """Carry every event to the next topic."""
    sending, reading = producer(bootstrap), consumer(bootstrap, "chain")
    following = dict(pairwise(TOPICS))
    reading.subscribe(TOPICS[:-1], on_assign=lambda *_: print("ready", flush=True))
    while True:
        first = reading.poll(0.05)
        for message in [] if first is None else [first, *reading.consume(499, 0)]:
            said = decode(message.value())
            sending.produce(following[message.topic() or ""], encode(said), message.key())
        sending.poll(0)


class Door:
    """HTTP in front: appends a question, follows the last topic, answers."""

    def __init__(self, bootstrap: str) -> None:
        self._sending = producer(bootstrap)
        self._reading = consumer(bootstrap, "chain.door")
        self._waiting: dict[str, asyncio.Future[str]] = {}

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Follow while the server runs."""
        loop = asyncio.get_running_loop()
        self._reading.assign([TopicPartition(TOPICS[-1], p, 0) for p in range(PARTITIONS)])
        threading.Thread(target=self._follow, args=(loop,), daemon=True).start()
        threading.Thread(target=self._serve, daemon=True).start()
        yield

    async def complete(self, request: Request) -> JSONResponse:
        """Answer a chat request."""
        asked = json.loads(await request.body())
        name = str(uuid.uuid4())
        self._waiting[name] = future = asyncio.get_running_loop().create_future()
        text = asked["messages"][-1]["content"]
        self._sending.produce(TOPICS[0], encode({"id": name, "text": text}), name)
        return JSONResponse({"choices": [{"message": {"content": await future}}]})

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            message = self._reading.poll(0.2)
            if message is not None and message.error() is None:
                loop.call_soon_threadsafe(self._answer, decode(message.value()))

    def _serve(self) -> None:
        while True:
            self._sending.poll(0.1)

    def _answer(self, said: Any) -> None:
        future = self._waiting.pop(said["id"], None)
        if future is not None:
            future.set_result(said["text"])


def door(bootstrap: str, port: int) -> None:
    """Serve HTTP."""
    made = Door(bootstrap)
    routes = [Route("/v1/chat/completions", made.complete, methods=["POST"])]
    app = Starlette(routes=routes, lifespan=made.lifespan)
    print("ready", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    if sys.argv[1] == "stages":
        stages(sys.argv[2])
    else:
        door(sys.argv[2], int(sys.argv[3]))
