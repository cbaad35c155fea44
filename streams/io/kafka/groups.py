"""How far consumer groups have got in a topic: up to what they committed, all is done."""

from collections.abc import Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.io.kafka.errors import translate
from streams.io.kafka.log import QUIET, Options

TIMEOUT_S = 10.0

#: Committed offsets by partition.
Offsets = Mapping[int, int]


class Groups:
    """The consumer groups of a cluster."""

    def __init__(self, bootstrap: str, options: Options) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET, **options})

    def named(self, prefix: str) -> list[str]:
        """Return the groups whose names begin with `prefix`. Raises BrokerAway."""
        try:
            listed = self._admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
        except KafkaException as exc:
            raise translate(exc, "list the consumer groups") from exc
        return sorted(g.group_id for g in listed.valid if g.group_id.startswith(prefix))

    def committed(self, group: str, topic: str, partitions: int) -> Offsets:
        """Return what a group committed in a topic, where it ever did. Raises BrokerAway."""
        places = [TopicPartition(topic, p) for p in range(partitions)]
        asked = ConsumerGroupTopicPartitions(group, places)
        try:
            answers = self._admin.list_consumer_group_offsets([asked], request_timeout=TIMEOUT_S)
            told = answers[group].result().topic_partitions
        except KafkaException as exc:
            raise translate(exc, f"read the offsets of {group}") from exc
        return {at.partition: at.offset for at in told if at.offset >= 0}
