"""Creates the grid's topics as they must be; a topic that is otherwise is a conflict, not mended.

Event topics are never compacted and never trimmed: they are the truth.
"""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from streams.errors import Conflict
from streams.io.kafka.denial import Denial
from streams.io.kafka.errors import translate
from streams.io.kafka.log import QUIET, Options
from streams.topics import TOPICS, Topic

TIMEOUT_S = 30.0
MESSAGE_MAX = 2_097_152


def create_topics(
    bootstrap: str,
    options: Options,
    *,
    replication: int = -1,
    topics: Sequence[Topic] = TOPICS,
) -> list[str]:
    """Create what is missing, with dead letters, and return its names.

    Raises BrokerAway, and Conflict if a topic exists with another number of partitions.
    """
    denial = Denial()
    connect: dict[str, Any] = {"bootstrap.servers": bootstrap, "error_cb": denial}
    admin = AdminClient({**connect, **QUIET, **options})
    wanted = _wanted(topics, replication)
    try:
        present = denial.asked(admin, lambda s: admin.list_topics(timeout=s).topics, TIMEOUT_S)
    except KafkaException as exc:
        raise translate(exc, "list topics") from exc
    for topic in wanted:
        if topic.topic in present:
            _compare(topic, len(present[topic.topic].partitions))
    missing = [topic for topic in wanted if topic.topic not in present]
    if missing:
        for name, made in admin.create_topics(missing, operation_timeout=TIMEOUT_S).items():
            try:
                made.result()
            except KafkaException as exc:
                if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another was faster
                    raise translate(exc, f"create topic {name}") from exc
    return [topic.topic for topic in missing]


def _wanted(topics: Sequence[Topic], replication: int) -> list[NewTopic]:
    wanted = []
    for topic in topics:
        config = {
            "cleanup.policy": "delete",
            "retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms),
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(MESSAGE_MAX),
        }
        wanted.append(NewTopic(topic.name, topic.partitions, replication, config=config))
        if topic.retention_ms is None:
            letters = {**config, "max.message.bytes": str(2 * MESSAGE_MAX)}
            name = topic.dead_letters
            wanted.append(NewTopic(name, topic.partitions, replication, config=letters))
    return wanted


def _compare(topic: NewTopic, partitions: int) -> None:
    if partitions != topic.num_partitions:
        raise Conflict(
            f"topic {topic.topic} has {partitions} partitions, not {topic.num_partitions};"
            " with another number every key would move to another place",
            fix="use another cluster, or mirror the topic into one that is as it must be",
        )
