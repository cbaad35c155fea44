"""A request's Kafka hops written by hand: a door, and stages that consume, decode and produce.

As many appends lie between question and answer as in the grid, and all stages share one consumer
loop, which is the quickest way there is. A working chain asks the encoder and the model on its way,
as the grid does; the other one does nothing but hop.
"""

import asyncio
import io
import json
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import fastavro
import httpx2
import numpy as np
import uvicorn
from confluent_kafka import Consumer, Producer, TopicPartition
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tritonclient.grpc import InferenceServerClient, InferInput

#: Appends from question to answer: received, perceived, recalled, requested, completed, responded.
HOPS = 6
PARTITIONS = 4
#: The hops at which a working chain asks the encoder and the model.
PERCEIVED, COMPLETED = 1, 4
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


def topics(chain: str) -> list[str]:
    """Return the topics of a chain, in order."""
    return [f"{chain}.{hop}" for hop in range(HOPS)]


class Work:
    """What lies between the hops: nothing, or the encoder on Triton and the model over HTTP."""

    def __init__(self, triton: str = "", model: str = "") -> None:
        self._encoder = InferenceServerClient(triton) if triton else None
        self._model = httpx2.Client(base_url=model) if model else None

    def perceive(self, texts: Sequence[str]) -> None:
        """Embed texts, all in one request."""
        if self._encoder is not None and texts:
            asked = InferInput("TEXT", [len(texts), 1], "BYTES")
            asked.set_data_from_numpy(np.array([[t.encode()] for t in texts], dtype=np.object_))
            self._encoder.infer("minilm", [asked]).as_numpy("VECTOR")

    def complete(self, text: str) -> None:
        """Ask the model."""
        if self._model is not None:
            body = {"model": "instant", "messages": [{"role": "user", "content": text}]}
            self._model.post("/chat/completions", json=body).raise_for_status()


def stages(chain: str, bootstrap: str, work: Work) -> None:
    """Carry every event to the next topic."""
    names = topics(chain)
    sending, reading = producer(bootstrap), consumer(bootstrap, chain)
    following = dict(pairwise(names))
    reading.subscribe(names[:-1], on_assign=lambda *_: print("ready", flush=True))
    while True:
        first = reading.poll(0.05)
        batch = [] if first is None else [first, *reading.consume(499, 0)]
        told = [(following[m.topic() or ""], decode(m.value()), m.key()) for m in batch]
        work.perceive([said["text"] for topic, said, _ in told if topic == names[PERCEIVED]])
        for topic, said, key in told:
            if topic == names[COMPLETED]:
                work.complete(said["text"])
            sending.produce(topic, encode(said), key)
        sending.poll(0)


class Door:
    """HTTP in front: appends a question, follows the last topic, answers."""

    def __init__(self, chain: str, bootstrap: str) -> None:
        self._topics = topics(chain)
        self._sending = producer(bootstrap)
        self._reading = consumer(bootstrap, f"{chain}.door")
        self._waiting: dict[str, asyncio.Future[str]] = {}

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Follow while the server runs."""
        loop = asyncio.get_running_loop()
        self._reading.assign([TopicPartition(self._topics[-1], p, 0) for p in range(PARTITIONS)])
        threading.Thread(target=self._follow, args=(loop,), daemon=True).start()
        threading.Thread(target=self._serve, daemon=True).start()
        yield

    async def complete(self, request: Request) -> JSONResponse:
        """Answer a chat request."""
        asked = json.loads(await request.body())
        name = str(uuid.uuid4())
        self._waiting[name] = future = asyncio.get_running_loop().create_future()
        text = asked["messages"][-1]["content"]
        self._sending.produce(self._topics[0], encode({"id": name, "text": text}), name)
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


def door(chain: str, bootstrap: str, port: int) -> None:
    """Serve HTTP."""
    made = Door(chain, bootstrap)
    routes = [Route("/v1/chat/completions", made.complete, methods=["POST"])]
    app = Starlette(routes=routes, lifespan=made.lifespan)
    print("ready", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    if sys.argv[1] == "stages":
        stages(sys.argv[2], sys.argv[3], Work(*sys.argv[4:]))
    else:
        door(sys.argv[2], sys.argv[3], int(sys.argv[4]))
