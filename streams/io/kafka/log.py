"""An EventLog on Kafka. Appends are idempotent and acknowledged by all; reads are by hand.

Readers never skip silently: an offset the log no longer holds is LogTruncated.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from streams.errors import BrokerAway, DeliveryFailed, Misconfigured
from streams.io.kafka.denial import Denial
from streams.io.kafka.errors import translate
from streams.io.kafka.follower import KafkaFollower
from streams.io.kafka.leaders import led
from streams.log import Delivered, Draft, Record, Span

T = TypeVar("T")
Options = Mapping[str, str | int | float | bool]

#: What librdkafka has to say it says in the errors it gives us; its own lines are for its makers.
QUIET: Options = {"log_level": 0}

PRODUCER: Options = {
    **QUIET,
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 0,
    "message.max.bytes": 2_097_152,
    "queue.buffering.max.messages": 100_000,
    "allow.auto.create.topics": False,
    "reconnect.backoff.max.ms": 1_000,
}
#: A processor waits an outage out: what was decided must not fail to be appended. A dead letter is
#: larger than its record, and its topic takes twice as much.
PROCESSOR: Options = {"message.timeout.ms": 0, "message.max.bytes": 2 * 2_097_152}
#: A door tells its client after this long that the outcome is unknown.
DOOR: Options = {"delivery.timeout.ms": 15_000, "queue.buffering.max.messages": 10_000}

READER: Options = {
    **QUIET,
    "group.id": "aether.readers",  # required by librdkafka; nothing is ever committed to it
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "check.crcs": True,
    "allow.auto.create.topics": False,
    "fetch.wait.max.ms": 10,
    "fetch.queue.backoff.ms": 5,
    "queued.min.messages": 500_000,
    "reconnect.backoff.max.ms": 1_000,
}
#: Who follows live takes what is there before more is fetched: one that pauses is sent more at
#: once, by fewer requests. One that does not pause is kept waiting for a millisecond at most.
LIVE: Options = {
    "fetch.wait.max.ms": 500,
    "queued.min.messages": 2,
    "fetch.queue.backoff.ms": 1,
}

METADATA_TIMEOUT_S = 10.0
#: How long a range read may stand still before it is reported as an outage.
STALL_POLLS_MAX = 300


class KafkaLog:
    """One client of a Kafka cluster; `role` is PROCESSOR or DOOR, or nothing for a reader.

    `append`, `serve` and `flush` may be called from any thread; callbacks run where `serve` is.
    """

    def __init__(
        self, bootstrap: str, role: Options | None = None, options: Options | None = None
    ) -> None:
        self._denial = Denial()
        self._connect: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "error_cb": self._denial,
            **(options or {}),
        }
        self._role = role
        self._producer: Producer | None = None
        self._counts: dict[str, int] = {}
        self._asking: Consumer | None = None
        self._lock = threading.Lock()

    def append(self, drafts: Sequence[Draft], delivered: Delivered) -> int:
        """Hand drafts to librdkafka."""

        def report(error: KafkaError | None, _: Message) -> None:
            delivered(None if error is None else _failed(error))

        produce = (self._producer or self._open_producer()).produce
        for sent, (topic, partition, key, value, headers) in enumerate(drafts):
            at = -1 if partition is None else partition
            try:
                produce(topic, value, key, at, report, headers=cast(Any, headers))
            except BufferError:
                return sent
            except KafkaException as exc:
                raise translate(exc, f"append to {topic}") from exc
        return len(drafts)

    def serve(self, timeout_s: float = 0.0) -> int:
        """Run delivery callbacks."""
        return 0 if self._producer is None else int(self._producer.poll(timeout_s))

    def flush(self, timeout_s: float) -> int:
        """Wait for what is in flight."""
        return 0 if self._producer is None else int(self._producer.flush(timeout_s))

    def partitions(self, topic: str) -> int:
        """Return a topic's partition count; asked once, because it never changes."""
        if topic not in self._counts:
            listed = self._asked(f"list {topic}", lambda client, s: client.list_topics(topic, s))
            found = listed.topics[topic]
            if found.error is not None:
                raise translate(found.error, f"find topic {topic}")
            self._counts[topic] = len(found.partitions)
        return self._counts[topic]

    def ping(self, timeout_s: float) -> None:
        """Ask the cluster for an answer of any kind. Raises BrokerAway."""
        self._asked("reach Kafka", lambda client, s: client.list_topics("", s), timeout_s)

    def identity(self, topic: str) -> str:
        """Return the id the broker gave the topic when it was created, as Kafka's tools write it.

        The client writes it with `/` and `+`: folders, where a file is named after it.
        """
        admin = AdminClient({**QUIET, **self._connect})
        asked = admin.describe_topics(TopicCollection([topic]), request_timeout=METADATA_TIMEOUT_S)
        try:
            return str(asked[topic].result().topic_id).replace("/", "_").replace("+", "-")
        except KafkaException as exc:
            raise translate(exc, f"describe {topic}") from exc

    def span(self, topic: str, partition: int) -> Span:
        """Return a partition's watermarks; one that was just created may have no leader yet."""
        place, attempt = (
            TopicPartition(topic, partition),
            f"ask for the offsets of {topic}/{partition}",
        )
        found = self._asked(attempt, lambda client, s: client.get_watermark_offsets(place, s))
        if found is None:
            raise BrokerAway(f"no answer about the offsets of {topic}/{partition}")
        return Span(*found)

    def offset_at(self, topic: str, partition: int, at_ms: int) -> int:
        """Ask the broker's time index."""
        place = TopicPartition(topic, partition, at_ms)
        attempt = f"look for {at_ms} in {topic}/{partition}"
        (found,) = self._asked(attempt, lambda client, s: client.offsets_for_times([place], s))
        return found.offset if found.offset >= 0 else self.span(topic, partition).end

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        """Yield a range, as fast as one connection gives it."""
        return self._read(topic, partition, start, end, None)

    def read_keys(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes]
    ) -> Iterator[list[Record]]:
        """Yield a range, some keys alone; to unpack a record's headers takes ten times as long."""
        return self._read(topic, partition, start, end, keys)

    def _read(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes] | None
    ) -> Iterator[list[Record]]:
        first, stop = self.span(topic, partition)
        end = min(end, stop)
        if start >= end:
            return
        if start < first:
            raise translate(KafkaError(KafkaError.OFFSET_OUT_OF_RANGE), f"read from {start}")
        follower = KafkaFollower(self._consumer(READER), {(topic, partition): start})
        at, stalled = start, 0
        try:
            while at < end:
                batch = follower.take(0.1, keys)
                if batch and batch[-1].offset >= end:
                    batch = [record for record in batch if record.offset < end]
                before, at = at, follower.positions()[topic, partition]
                stalled = 0 if batch or at > before else stalled + 1
                if stalled > STALL_POLLS_MAX:
                    raise BrokerAway(f"{topic}/{partition} gives nothing below {end}")
                if batch or keys is not None:
                    yield batch
        finally:
            follower.close()

    def follow(self, starts: Mapping[tuple[str, int], int]) -> KafkaFollower:
        """Return a live reader on a connection of its own."""
        return KafkaFollower(self._consumer({**READER, **LIVE}), starts)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            if self._asking is not None:
                self._asking.close()
            self._asking = self._producer = None

    def _open_producer(self) -> Producer:
        if self._role is None:
            raise Misconfigured("this client of the log may only read")
        with self._lock:
            if self._producer is None:
                self._producer = Producer({**PRODUCER, **self._role, **self._connect})
            return self._producer

    def _consumer(self, options: Options) -> Consumer:
        return Consumer({**options, **self._connect})

    def _asked(
        self,
        attempt: str,
        question: Callable[[Consumer, float], T],
        timeout_s: float = METADATA_TIMEOUT_S,
    ) -> T:
        """Ask the broker, by the one connection for that, which one thread at a time may use."""

        def ask() -> T:
            with self._lock:
                if self._asking is None:
                    self._asking = self._consumer(READER)
                client = self._asking
                return self._denial.asked(
                    client, lambda left_s: question(client, left_s), timeout_s
                )

        return led(attempt, ask)


def _failed(error: KafkaError) -> DeliveryFailed:
    said = translate(error, "append")
    return DeliveryFailed(str(said), fix=said.fix)
