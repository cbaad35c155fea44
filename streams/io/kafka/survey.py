"""What the brokers say of all topics and all consumer groups, each asked for in one go."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from streams.errors import Misconfigured
from streams.events.lag import Phase
from streams.io.kafka.errors import translate
from streams.io.kafka.leaders import LEADERLESS, led
from streams.io.kafka.log import QUIET, Options
from streams.log import Span

TIMEOUT_S = 5.0

_PHASES = {
    ConsumerGroupState.STABLE: Phase.STABLE,
    ConsumerGroupState.PREPARING_REBALANCING: Phase.REBALANCING,
    ConsumerGroupState.COMPLETING_REBALANCING: Phase.REBALANCING,
    ConsumerGroupState.EMPTY: Phase.EMPTY,
    ConsumerGroupState.DEAD: Phase.EMPTY,
}

#: A partition by topic and number.
Place = tuple[str, int]


class PartitionNow(NamedTuple):
    """What a partition holds, and how many brokers have it of those that should."""

    span: Span
    in_sync: int
    replicas: int


class TopicNow(NamedTuple):
    """A topic; `identity` tells it from an earlier one of the same name."""

    identity: str
    partitions: Mapping[int, PartitionNow]


class ClusterNow(NamedTuple):
    """All topics by name, and how many brokers there are."""

    brokers: int
    topics: Mapping[str, TopicNow]


class GroupNow(NamedTuple):
    """A consumer group and what it committed."""

    name: str
    phase: Phase
    members: int
    committed: Mapping[Place, int]


class Surveyor:
    """Asks a cluster; what vanishes between two questions is left out."""

    def __init__(self, bootstrap: str, options: Options) -> None:
        given = {"bootstrap.servers": bootstrap, **QUIET, **options}
        self._admin = AdminClient(given)
        self._reader = Consumer({**given, "group.id": "aether.survey", "enable.auto.commit": False})

    def cluster(self) -> ClusterNow:
        """Return every topic with what it holds. Raises BrokerAway, Misconfigured."""
        try:
            listed = self._admin.list_topics(timeout=TIMEOUT_S)
        except KafkaException as exc:
            raise translate(exc, "list the topics") from exc
        if not listed.topics:
            return ClusterNow(len(listed.brokers), {})
        described = self._described(listed.topics)
        places = [(name, p.id) for name, told in described.items() for p in told.partitions]
        firsts = self._offsets(places, OFFSET_BEGINNING)
        ends = self._offsets(places, OFFSET_END)
        still = {name: str(told.topic_id) for name, told in self._described(described).items()}
        topics = {
            name: TopicNow(
                str(told.topic_id),
                {
                    p.id: PartitionNow(
                        Span(firsts[name, p.id], ends[name, p.id]), len(p.isr), len(p.replicas)
                    )
                    for p in told.partitions
                    if (name, p.id) in firsts and (name, p.id) in ends
                },
            )
            for name, told in described.items()
            # Created anew meanwhile, the offsets could be of either.
            if still.get(name) == str(told.topic_id)
        }
        return ClusterNow(len(listed.brokers), topics)

    def groups(self) -> list[GroupNow]:
        """Return every consumer group with its commits. Raises BrokerAway, Misconfigured."""
        try:
            listed = self._admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
        except KafkaException as exc:
            raise translate(exc, "list the consumer groups") from exc
        names = sorted(group.group_id for group in listed.valid)
        if not names:
            return []
        attempt = "describe the consumer groups"
        described = self._admin.describe_consumer_groups(names, request_timeout=TIMEOUT_S)
        committed = {
            name: self._admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(name)], request_timeout=TIMEOUT_S
            )[name]
            for name in names
        }
        offsets = _answers(committed, "read the offsets of the consumer groups")
        return [
            GroupNow(
                name,
                _PHASES.get(told.state, Phase.UNKNOWN),
                len(told.members),
                {
                    (at.topic, at.partition): at.offset
                    for at in offsets[name].topic_partitions
                    if at.offset >= 0
                },
            )
            for name, told in _answers(described, attempt).items()
            if name in offsets
        ]

    def close(self) -> None:
        """Let go of the connections."""
        self._reader.close()

    def _described(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what the brokers say of those of these topics that there are."""
        asked = TopicCollection(list(names))
        if not asked.topic_names:
            return {}
        answers = self._admin.describe_topics(asked, request_timeout=TIMEOUT_S)
        return _answers(answers, "describe the topics")

    def _offsets(self, places: Iterable[Place], which: int) -> dict[Place, int]:
        """Return the first offset of each partition, or its end; all are asked for at once.

        A consumer asks: librdkafka's admin client aborts the process if brokers vanish meanwhile.
        One partition whose leader just moved fails the whole question, and is looked up anew.
        """
        wanted = [TopicPartition(*place, which) for place in places]
        told = led("ask for the offsets", lambda: self._reader.offsets_for_times(wanted, TIMEOUT_S))
        return {(at.topic, at.partition): at.offset for at in told if at.error is None}


def _answers(asked: Mapping[Any, "Future[Any]"], attempt: str) -> dict[Any, Any]:
    """Return the answers; of what is gone, or has no leader yet, there is none."""
    found: dict[Any, Any] = {}
    refused: Misconfigured | None = None
    for what, answer in asked.items():
        try:
            found[what] = answer.result()
        except KafkaException as exc:
            error = exc.args[0]
            if isinstance(error, KafkaError) and error.code() in _PASSING:
                continue
            said = translate(exc, attempt)
            if not isinstance(said, Misconfigured):
                raise said from exc
            refused = said
    if refused is not None and not found:
        raise refused
    return found


_PASSING = {
    *LEADERLESS,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.GROUP_ID_NOT_FOUND,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
}
