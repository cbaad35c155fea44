"""When the first record that a group has not read was appended: one record a partition is read.

Only the broker's own time counts: what a producer says of time may be years off.
"""

import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, Message, TopicPartition

from streams.io.kafka.log import READER, Options

#: So many records are asked for at a time, and waited for so long; the others are interpolated. The
#: first time the connection is made, too.
READ_MAX = 64
WITHIN_S, FIRST_S = 0.6, 5.0
POLL_S = 0.05
#: Little of each partition, all of them in one answer: a broker gives a batch that is larger than
#: asked for of one partition only. What retention took away is the first that is still there.
LITTLE: Options = {
    "auto.offset.reset": "earliest",
    "max.partition.fetch.bytes": 65_536,
    "queued.min.messages": 1,
}


class At(NamedTuple):
    """A record, by the identity of its topic as well: another one's offsets are other records."""

    identity: str
    topic: str
    partition: int
    offset: int


class Oldest:
    """Remembers what it read: a group that does not move costs nothing."""

    def __init__(self, bootstrap: str, options: Options) -> None:
        self._consumer = Consumer({**READER, **LITTLE, "bootstrap.servers": bootstrap, **options})
        self._known: dict[At, int | None] = {}
        self._within_s = FIRST_S

    def times(self, wanted: Collection[At]) -> Mapping[At, int | None]:
        """Return the broker's time of records, None where the broker keeps none.

        What cannot be read soon enough is left out.
        """
        self._known = {at: self._known[at] for at in wanted if at in self._known}
        left = [at for at in wanted if at not in self._known][:READ_MAX]
        deadline = time.monotonic() + self._within_s
        while left and time.monotonic() < deadline:
            batch = {at[1:3]: at for at in reversed(left)}  # a partition has one reader here
            self._read(batch, deadline)
            left = [at for at in left if at not in batch.values()]
        return self._known

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def _read(self, batch: Mapping[tuple[str, int], At], deadline: float) -> None:
        missing = dict(batch)
        self._consumer.assign(
            [TopicPartition(at.topic, at.partition, at.offset) for at in batch.values()]
        )
        while missing and time.monotonic() < deadline:
            message = self._consumer.poll(POLL_S)
            if message is not None and message.error() is None:
                at = missing.pop((message.topic(), message.partition()), None)  # type: ignore[arg-type]
                if at is not None:
                    self._known[at] = _broker_ms(message)
                    self._within_s = WITHIN_S
        self._consumer.unassign()


def _broker_ms(message: Message) -> int | None:
    kind, at_ms = message.timestamp()
    return at_ms if kind == TIMESTAMP_LOG_APPEND_TIME else None
