"""Dead letters: a record's untouched bytes with where it stood and why nobody could read it.

Header names are those of Kafka Streams (KIP-1034), so that its tools understand ours. They
come last: of several headers of one name the last counts.
"""

from streams.envelope import CAUSE, PROCESSOR, REQUEST, Head, place
from streams.errors import Undecodable
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
ATTEMPT_DIGITS = 9

#: What a retried record leaves behind: why it was parked, and its place among what was decided,
#: by which every reader would take it for a repeat.
LEFT_BEHIND = frozenset({EXCEPTION, MESSAGE, TOPIC, PARTITION, OFFSET, PROCESSOR, CAUSE, REQUEST})


def dead_letter(record: Record, processor: ProcessorName, error: Exception) -> Draft:
    """Return the letter for `record`; in the same partition, because its key may be what is bad."""
    attempt = _attempts(dict(record.headers)) + 1
    head = [
        *record.headers,
        (EXCEPTION, type(error).__name__.encode()),
        (MESSAGE, str(error)[:MESSAGE_MAX].encode(errors="replace")),
        (TOPIC, record.topic.encode()),
        (PARTITION, str(record.partition).encode()),
        (OFFSET, str(record.offset).encode()),
        (PROCESSOR, processor.encode()),
        (ATTEMPT, str(attempt).encode()),
    ]
    topic = record.topic + DEAD_LETTER_SUFFIX
    return Draft(topic, record.partition, record.key, record.value, head)


def _attempts(head: Head) -> int:
    """Return how often a record was parked before; who wrote it may have written anything there."""
    said = head.get(ATTEMPT) or b""
    return int(said) if said.isdigit() and len(said) < ATTEMPT_DIGITS else 0


def retried(letter: Record) -> Draft:
    """Return the parked record to be appended to its stream again, behind all that came since.

    Raises Undecodable if the letter does not say where it came from.
    """
    head: Head = dict(letter.headers)
    try:
        topic, partition = head[TOPIC].decode(), int(head[PARTITION])
    except (KeyError, ValueError, AttributeError, TypeError) as exc:  # a header may be null
        raise Undecodable(f"{place(letter)} does not say where it came from") from exc
    kept = [(name, value) for name, value in letter.headers if name not in LEFT_BEHIND]
    attempt = [(ATTEMPT, head.get(ATTEMPT, b"1"))]
    others = [(name, value) for name, value in kept if name != ATTEMPT]
    return Draft(topic, partition, letter.key, letter.value, others + attempt)
