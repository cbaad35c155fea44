"""Faust's producer on librdkafka, for `topic.send()`; the runner appends through the log."""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client
from faust.transport import base
from faust.types import TP, RecordMetadata
from mode import Service

from processors.transport.address import parse


class Producer(base.Producer):
    """An idempotent producer, opened by the first message."""

    _client: Client | None = None

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Send a message; the future returned is its delivery."""
        delivery: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if delivery.done():
                return
            if error is not None:
                delivery.set_exception(KafkaException(error))
            else:
                delivery.set_result(_metadata(message))

        written = list(headers.items() if isinstance(headers, dict) else headers or [])
        self._open().produce(
            topic,
            value,
            key,
            -1 if partition is None else partition,
            on_delivery=delivered,
            timestamp=int((timestamp or 0) * 1000),
            headers=written,
        )
        return delivery

    async def send_and_wait(self, *args: Any, **kwargs: Any) -> RecordMetadata:
        """Send a message and wait for its delivery."""
        return await (await self.send(*args, **kwargs))

    async def flush(self) -> None:
        """Wait until everything is delivered."""
        await self.buffer.flush()
        while self._client is not None and len(self._client):
            self._client.poll(0)
            await asyncio.sleep(0.002)

    def supports_headers(self) -> bool:
        """Yes."""
        return True

    def _open(self) -> Client:
        if self._client is None:
            address = parse(self.transport.url)
            self._client = Client(
                {
                    "bootstrap.servers": address.servers,
                    "acks": "all",
                    "enable.idempotence": True,
                    "linger.ms": self.linger_ms,
                    "partitioner": "murmur2_random",
                    "allow.auto.create.topics": False,
                }
            )
        return self._client

    @Service.task
    async def _serve(self) -> None:
        while not self.should_stop:
            if self._client is None:
                await asyncio.sleep(0.1)
            else:
                await asyncio.sleep(0 if self._client.poll(0) else 0.005)


def _metadata(message: Message) -> RecordMetadata:
    kind, at_ms = message.timestamp()
    tp = TP(cast(str, message.topic()), cast(int, message.partition()))
    offset = cast(int, message.offset())
    return RecordMetadata(tp.topic, tp.partition, tp, offset, at_ms, kind)
