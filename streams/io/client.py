"""A small door to the log for commands: send events, read ranges, and close properly."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from streams.errors import BrokerAway, DeliveryFailed
from streams.ids import EventId
from streams.io.codec import Codec
from streams.io.kafka.log import DOOR, KafkaLog
from streams.io.registry import ConfluentRegistry
from streams.io.run_index.index import open_database
from streams.io.run_index.log import IndexedLog
from streams.io.settings import Settings
from streams.io.stores import open_store
from streams.io.wire import Wire
from streams.topics import TOPICS, Topic

COMPONENT = "cli"
FLUSH_S = 30.0
FULL_S = 0.05


class Client:
    """A command's connection to the grid, to `topics` of it; a context manager that closes it."""

    def __init__(self, settings: Settings, topics: Sequence[Topic] = TOPICS) -> None:
        self._registry = ConfluentRegistry(settings.registry_url)
        codec = Codec(self._registry)
        for topic in topics:
            codec.learn(topic)
        self.store = open_store(settings)
        self.wire = Wire(codec, self.store, settings.node)
        live = KafkaLog(settings.bootstrap, DOOR, settings.kafka_options)
        self.log = IndexedLog(live, self.wire, self.store, open_database(settings))
        self._failed: DeliveryFailed | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.log.close()
        self._registry.close()

    def send(self, topic: Topic, key: str, event: Any, event_id: EventId) -> None:
        """Send an event off, waiting only while too many are on their way."""
        draft = self.wire.root(
            event,
            component=COMPONENT,
            topic=topic.name,
            key=key,
            event_id=event_id,
            at_ms=int(time.time() * 1000),
        )
        while not self.log.append([draft], self._delivered):
            self.log.serve(FULL_S)
        self.log.serve()

    def flush(self) -> None:
        """Wait until everything sent is durable. Raises DeliveryFailed and BrokerAway."""
        left = self.log.flush(FLUSH_S)
        if self._failed is not None:
            raise self._failed
        if left:
            raise BrokerAway(f"{left} events are not acknowledged after {FLUSH_S:.0f} s")

    def _delivered(self, error: DeliveryFailed | None) -> None:
        self._failed = self._failed or error
