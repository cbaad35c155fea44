"""Dead letters: a record's untouched bytes with where it stood and why nobody could read it.

Header names are those of Kafka Streams (KIP-1034), so that its tools understand ours. They
come last: of several headers of one name the last counts.
"""

from streams.envelope import PROCESSOR
from streams.ids import ProcessorName
from streams.log import Draft, Record
from streams.topics import DEAD_LETTER_SUFFIX

EXCEPTION = "__streams.errors.exception"
MESSAGE = "__streams.errors.message"
TOPIC = "__streams.errors.topic"
PARTITION = "__streams.errors.partition"
OFFSET = "__streams.errors.offset"
ATTEMPT = "aether_attempt"

MESSAGE_MAX = 1_000


def dead_letter(record: Record, processor: ProcessorName, error: Exception) -> Draft:
    """Return the letter for `record`; in the same partition, because its key may be what is bad."""
    head = [
        *record.headers,
        (EXCEPTION, type(error).__name__.encode()),
        (MESSAGE, str(error)[:MESSAGE_MAX].encode(errors="replace")),
        (TOPIC, record.topic.encode()),
        (PARTITION, str(record.partition).encode()),
        (OFFSET, str(record.offset).encode()),
        (PROCESSOR, processor.encode()),
        (ATTEMPT, b"1"),
    ]
    topic = record.topic + DEAD_LETTER_SUFFIX
    return Draft(topic, record.partition, record.key, record.value, head)
