"""How far consumer groups have got in a topic: up to what they committed, all is done."""

from collections.abc import Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.io.kafka.errors import translate
from streams.io.kafka.log import Options

TIMEOUT_S = 10.0


def committed(
    bootstrap: str, options: Options, prefix: str, topic: str, partitions: int
) -> Mapping[str, Mapping[int, int]]:
    """Return the committed offsets in `topic` of every group whose name begins with `prefix`.

    A group that never committed there is left out. Raises BrokerAway.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, **options})
    places = [TopicPartition(topic, p) for p in range(partitions)]
    found: dict[str, Mapping[int, int]] = {}
    try:
        listed = admin.list_consumer_groups(request_timeout=TIMEOUT_S).result()
        for group in sorted(g.group_id for g in listed.valid if g.group_id.startswith(prefix)):
            asked = admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group, places)], request_timeout=TIMEOUT_S
            )
            told = asked[group].result().topic_partitions
            offsets = {at.partition: at.offset for at in told if at.offset >= 0}
            if offsets:
                found[group] = offsets
    except KafkaException as exc:
        raise translate(exc, "read the groups' offsets") from exc
    return found
