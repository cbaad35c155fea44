"""librdkafka's errors in the words of our tree, in one table."""

from confluent_kafka import KafkaError, KafkaException

from streams.errors import AetherError, BrokerAway, Conflict, DeliveryFailed, Fatal, LogTruncated
from streams.errors import Misconfigured as Wrong

_REFUSED = "the broker refuses these credentials or rights; check `kafka.options`"
_UNKNOWN = "create the grid's topics: `aether up` does, or `aether topic create`"

# What an error code means, beside "the broker is away": the class and what to do about it.
_TABLE: dict[int, tuple[type[AetherError], str]] = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: (Wrong, _UNKNOWN),
    KafkaError._UNKNOWN_TOPIC: (Wrong, _UNKNOWN),
    KafkaError._UNKNOWN_PARTITION: (Wrong, _UNKNOWN),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: (Wrong, _REFUSED),
    KafkaError.GROUP_AUTHORIZATION_FAILED: (Wrong, _REFUSED),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: (Wrong, _REFUSED),
    KafkaError.SASL_AUTHENTICATION_FAILED: (Wrong, _REFUSED),
    KafkaError._AUTHENTICATION: (Wrong, _REFUSED),
    KafkaError._SSL: (Wrong, _REFUSED),
    KafkaError._INVALID_ARG: (Wrong, "check `kafka.options` against librdkafka's configuration"),
    KafkaError.TOPIC_ALREADY_EXISTS: (Conflict, ""),
    KafkaError.OFFSET_OUT_OF_RANGE: (LogTruncated, "read from the archive"),
    KafkaError._AUTO_OFFSET_RESET: (LogTruncated, "read from the archive"),
    KafkaError.MSG_SIZE_TOO_LARGE: (DeliveryFailed, "raise `message.max.bytes` of the topic"),
    KafkaError.RECORD_LIST_TOO_LARGE: (DeliveryFailed, "raise `segment.bytes` of the topic"),
    KafkaError.INVALID_RECORD: (DeliveryFailed, ""),
    KafkaError.INVALID_MSG: (DeliveryFailed, ""),
    KafkaError._FATAL: (Fatal, ""),
    KafkaError._FENCED: (Fatal, ""),
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER: (Fatal, ""),
}


def translate(error: KafkaError | KafkaException, attempt: str) -> AetherError:
    """Return our error for one of librdkafka's; what the table does not name is BrokerAway."""
    if isinstance(error, KafkaException):
        error = error.args[0]
    if not isinstance(error, KafkaError):
        return Wrong(f"could not {attempt}: {error}")
    message = f"could not {attempt}: {error.str()}"
    kind, fix = _TABLE.get(error.code(), (None, ""))
    if kind is not None:
        return kind(message, fix=fix)
    if error.fatal():
        return Fatal(message)
    return BrokerAway(message, fix="check that Kafka runs and is reachable: `aether status`")
