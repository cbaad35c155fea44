"""Reads some partitions from where it is told, by hand: what ranges and live readers stand on."""

from collections.abc import Collection, Mapping, Sequence

from confluent_kafka import Consumer, Message, TopicPartition

from streams.io.kafka.errors import translate
from streams.log import Record, filled

#: More at once is slower: what a batch is made of must fit into the processor's cache.
READ_MAX = 250


def to_record(message: Message) -> Record:
    """Return a message in the words of floor 1."""
    of = (
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        filled(message.headers() or []),  # type: ignore[arg-type]
    )
    return tuple.__new__(Record, of)  # without the call of its own constructor


def _see(messages: Sequence[Message]) -> None:
    """Raise the first error that will not pass by itself."""
    for message in messages:
        error = message.error()
        if error is not None and not error.retriable():
            raise translate(error, f"read {message.topic()}/{message.partition()}")


class KafkaFollower:
    """A reader of some partitions, by hand: no group, no commits."""

    def __init__(self, consumer: Consumer, starts: Mapping[tuple[str, int], int]) -> None:
        self._consumer: Consumer | None = consumer
        self._positions = dict(starts)
        consumer.assign([TopicPartition(t, p, offset) for (t, p), offset in starts.items()])

    def take(self, timeout_s: float, keys: Collection[bytes] | None = None) -> list[Record]:
        """Return what is there, of some keys or all.

        It waits for the first record only, then takes its company.
        """
        if self._consumer is None:
            return []
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(READ_MAX - 1, 0)]
        sound = [message for message in messages if message.error() is None]
        if len(sound) < len(messages):
            _see(messages)
        wanted = sound if keys is None else [m for m in sound if m.key() in keys]
        taken = [to_record(message) for message in wanted]
        self._positions |= {(record[0], record[1]): record[2] + 1 for record in taken}
        return taken

    def positions(self) -> dict[tuple[str, int], int]:
        """Return librdkafka's positions, which also pass over gaps in the log."""
        if self._consumer is not None:
            places = [TopicPartition(*place) for place in self._positions]
            for at in self._consumer.position(places):
                if at.offset >= 0:
                    self._positions[at.topic, at.partition] = at.offset
        return dict(self._positions)

    def close(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
