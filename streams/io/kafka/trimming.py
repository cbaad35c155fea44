"""Cuts the beginning off a partition, and says who still reads it."""

from collections.abc import Mapping

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.io.kafka.errors import translate
from streams.io.kafka.groups import TIMEOUT_S, Groups, Offsets
from streams.io.kafka.log import QUIET, Options


class KafkaTrimming:
    """The one who may delete records of a cluster."""

    def __init__(self, bootstrap: str, options: Options) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET, **options})
        self._groups = Groups(bootstrap, options)

    def committed(self, topic: str, partitions: int) -> Mapping[str, Offsets]:
        """Return what every group committed in a topic. Raises BrokerAway."""
        return {
            group: self._groups.committed(group, topic, partitions)
            for group in self._groups.named("")
        }

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Delete the records below an offset. Raises BrokerAway."""
        place = TopicPartition(topic, partition, offset)
        try:
            asked = self._admin.delete_records([place], request_timeout=TIMEOUT_S)
            for done in asked.values():
                done.result()
        except KafkaException as exc:
            raise translate(exc, f"trim {topic}/{partition} below {offset}") from exc
