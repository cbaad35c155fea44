"""A real Kafka of the benchmark's own: on free ports, in a temporary directory, gone at the end."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from benchmarks._report import say
from engines.install import Installed, install
from engines.kafka import KafkaFiles, kafka
from engines.places import cache_directory
from engines.ports import LOOPBACK, free_port
from engines.progress import Console
from engines.supervisor import Supervisor

QUIET: Mapping[str, str | int] = {"log_level": 0}
READ_MAX = 10_000


def installed() -> Installed:
    """Return what the engines run on; the first time on a machine this downloads it."""
    return install(cache_directory(os.environ), Console(sys.stderr))


@contextmanager
def folder() -> Iterator[Path]:
    """Return a directory that goes away."""
    with tempfile.TemporaryDirectory(prefix="aether-bench-") as path:
        yield Path(path)


@contextmanager
def broker(home: Path) -> Iterator[str]:
    """Run a Kafka and return its address."""
    say("starting Kafka")
    files = KafkaFiles(jars=installed().kafka, directory=home / "kafka", log=home / "kafka.log")
    port = free_port()
    service = kafka(files, port=port, controller_port=free_port(), environment=os.environ)
    with Supervisor([service]) as supervisor:
        supervisor.start()
        yield f"{LOOPBACK}:{port}"


def create(bootstrap: str, topics: Mapping[str, int], **config: str) -> None:
    """Create topics with so many partitions each."""
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    wanted = [NewTopic(name, count, 1, config=config) for name, count in topics.items()]
    for made in admin.create_topics(wanted, operation_timeout=30).values():
        made.result()


def fill(bootstrap: str, topic: str, records: Sequence[tuple[int, bytes, bytes]]) -> None:
    """Append (partition, key, value) records and wait until they are durable."""
    producer = Producer(
        {
            **QUIET,
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 20,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for partition, key, value in records:
        producer.produce(topic, value, key, partition)
    left = producer.flush(120)
    assert left == 0, f"{left} records could not be appended to {topic}"


def everything(bootstrap: str, topic: str, partitions: int) -> Iterator[Message]:
    """Yield every record of a topic."""
    consumer = Consumer(
        {
            **QUIET,
            "bootstrap.servers": bootstrap,
            "group.id": "bench.reader",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
    )
    places = [TopicPartition(topic, partition, 0) for partition in range(partitions)]
    left = sum(consumer.get_watermark_offsets(place, timeout=30)[1] for place in places)
    consumer.assign(places)
    while left > 0:
        for message in consumer.consume(min(left, READ_MAX), 1.0):
            assert message.error() is None, message.error()
            left -= 1
            yield message
    consumer.close()
