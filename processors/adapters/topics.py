"""Topics of nodes, made on the grid's own Kafka and registry."""

from contextlib import closing

from streams.io.codec import Codec
from streams.io.kafka.topics import create_topics
from streams.io.registry import ConfluentRegistry
from streams.io.settings import Settings
from streams.topics import Topic


class KafkaTopics:
    """Creates topics as `aether up` does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def ensure(self, topic: Topic) -> None:
        """Create a topic with its dead letters, and register the schemas of its area."""
        settings = self._settings
        replication = 1 if settings.kafka.bootstrap is None else -1
        create_topics(
            settings.bootstrap, settings.kafka_options, replication=replication, topics=[topic]
        )
        with closing(ConfluentRegistry(settings.registry_url)) as registered:
            Codec(registered).learn(topic, register=True)
