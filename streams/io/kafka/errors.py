"""librdkafka's errors in the words of our tree, in one table."""

from confluent_kafka import KafkaError, KafkaException

from streams.errors import AetherError, BrokerAway, Conflict, DeliveryFailed, Fatal, LogTruncated
from streams.errors import Misconfigured as Wrong

_REFUSED = "the broker refuses these credentials or rights; check `kafka.options`"
_TLS = "check `security.protocol` and `ssl.ca.location` in `kafka.options`"
_SET = "check `kafka.options` against librdkafka's configuration and the broker's version"
_UNKNOWN = "create the grid's topics: `aether up` does, or `aether topic create`"

_LARGE = "make it smaller, or raise the topic's `max.message.bytes`"
_TOPIC = "the broker does not allow such topics; ask who runs it, or create them by hand"

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
    KafkaError._SSL: (Wrong, _TLS),
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (Wrong, _REFUSED),
    KafkaError.UNSUPPORTED_SASL_MECHANISM: (Wrong, _REFUSED),
    KafkaError.ILLEGAL_SASL_STATE: (Wrong, _REFUSED),
    KafkaError.SECURITY_DISABLED: (Wrong, _REFUSED),
    KafkaError.UNACCEPTABLE_CREDENTIAL: (Wrong, _REFUSED),
    KafkaError.PRINCIPAL_DESERIALIZATION_FAILURE: (Wrong, _REFUSED),
    KafkaError._INVALID_ARG: (Wrong, _SET),
    KafkaError._NOT_CONFIGURED: (Wrong, _SET),
    KafkaError._NOT_IMPLEMENTED: (Wrong, _SET),
    KafkaError._UNSUPPORTED_FEATURE: (Wrong, _SET),
    KafkaError.UNSUPPORTED_VERSION: (Wrong, _SET),
    KafkaError.UNSUPPORTED_COMPRESSION_TYPE: (Wrong, _SET),
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT: (Wrong, _SET),
    KafkaError.INVALID_REQUIRED_ACKS: (Wrong, _SET),
    KafkaError.INVALID_SESSION_TIMEOUT: (Wrong, _SET),
    KafkaError.INVALID_GROUP_ID: (Wrong, _SET),
    KafkaError.INVALID_REQUEST: (Wrong, _SET),
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: (Wrong, "another kind of client uses this group"),
    KafkaError.GROUP_MAX_SIZE_REACHED: (Wrong, "raise the broker's `group.max.size`"),
    KafkaError.TOPIC_EXCEPTION: (Wrong, "a topic's name has letters, digits, '.', '_', '-' alone"),
    KafkaError.INVALID_PARTITIONS: (Wrong, _TOPIC),
    KafkaError.INVALID_REPLICATION_FACTOR: (Wrong, _TOPIC),
    KafkaError.INVALID_REPLICA_ASSIGNMENT: (Wrong, _TOPIC),
    KafkaError.INVALID_CONFIG: (Wrong, _TOPIC),
    KafkaError.POLICY_VIOLATION: (Wrong, _TOPIC),
    KafkaError.TOPIC_ALREADY_EXISTS: (Conflict, ""),
    KafkaError.OFFSET_OUT_OF_RANGE: (LogTruncated, "read from the archive"),
    KafkaError._AUTO_OFFSET_RESET: (LogTruncated, "read from the archive"),
    KafkaError._LOG_TRUNCATION: (LogTruncated, "records were lost on the broker: see its log"),
    KafkaError.INVALID_MSG_SIZE: (DeliveryFailed, ""),
    KafkaError.INVALID_TIMESTAMP: (DeliveryFailed, ""),
    KafkaError.MSG_SIZE_TOO_LARGE: (DeliveryFailed, _LARGE),
    KafkaError.RECORD_LIST_TOO_LARGE: (DeliveryFailed, "raise `segment.bytes` of the topic"),
    KafkaError.INVALID_RECORD: (DeliveryFailed, ""),
    KafkaError.INVALID_MSG: (DeliveryFailed, ""),
    KafkaError._FATAL: (Fatal, ""),
    KafkaError._FENCED: (Fatal, ""),
    KafkaError._GAPLESS_GUARANTEE: (Fatal, ""),
    KafkaError._BAD_MSG: (Fatal, "the log or a network device garbles records: check both"),
    KafkaError._BAD_COMPRESSION: (Fatal, "somebody wrote records that cannot be unpacked"),
    KafkaError.FENCED_INSTANCE_ID: (Fatal, "another member has the same `group.instance.id`"),
    KafkaError.PRODUCER_FENCED: (Fatal, ""),
    KafkaError.INVALID_PRODUCER_EPOCH: (Fatal, ""),
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
