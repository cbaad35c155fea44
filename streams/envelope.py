"""An event with where it stands and what caused it, and the record headers that say so.

Headers are CloudEvents 1.0 in binary mode, W3C trace context, and two of our own. A record without
them, from any language or tool, is valid: what is missing follows from its position.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from streams.errors import Unacceptable
from streams.ids import EventId, ProcessorName, RunId, of_position
from streams.log import Record

E = TypeVar("E")

#: The headers of a record by name.
Head = dict[str, bytes]

SPEC_VERSION = ("ce_specversion", b"1.0")
ID, SOURCE, TYPE, TIME = "ce_id", "ce_source", "ce_type", "ce_time"
CORRELATION, CAUSATION, DATA_REFERENCE = "ce_correlationid", "ce_causationid", "ce_dataref"
TRACE_PARENT, TRACE_STATE = "traceparent", "tracestate"
CAUSE, REQUEST, PROCESSOR = "aether_cause", "aether_request", "aether_processor"
SCHEMA_ID = "__value_schema_id"


class Cause(NamedTuple):
    """Which input of the same partition an event was decided from, as which step of how many."""

    offset: int
    step: int
    steps: int


class Decision(NamedTuple):
    """Part of what a decider made of an input; its decisions follow the order of the partition."""

    processor: ProcessorName
    cause: Cause


class Outcome(NamedTuple):
    """What an effect made of the request at `offset`; in order within one key only."""

    processor: ProcessorName
    offset: int


#: Where an event came from, for readers that drop repeats; None is outside.
Origin = Decision | Outcome | None


class Envelope(NamedTuple, Generic[E]):
    """An event as read from the log.

    `run_id` is the CloudEvents correlation id, empty where an event belongs to no run.
    `recorded_at_ms` is the broker's time of the append: the only clock a decision may know.
    `head` are the record's headers; of several of one name the last counts, as in Kafka.
    """

    event: E
    event_id: EventId
    key: str
    topic: str
    partition: int
    offset: int
    recorded_at_ms: int
    run_id: RunId
    head: Head

    @property
    def cause_id(self) -> EventId | None:
        """The id of the direct cause; None for what came from outside."""
        cause = self.head.get(CAUSATION)
        return None if cause is None else EventId(cause.decode(errors="replace"))


def open_envelope(record: Record, head: Head, event: E) -> Envelope[E]:
    """Put `event`, decoded from `record`, into its envelope.

    Raises Unacceptable for an empty key and for headers that are not what they should be.
    """
    topic, partition, offset, at_ms, _, _, _ = record
    key, given, said = named(record, head)
    event_id = EventId(given) if given else of_position(topic, partition, offset)
    run_id = RunId(said or getattr(event, "run_id", ""))
    return Envelope(event, event_id, key, topic, partition, offset, at_ms, run_id, head)


def named(record: Record, head: Head) -> tuple[str, str, str]:
    """Return a record's key, and the event's and the run's id if its headers say them.

    Raises what `open_envelope` does.
    """
    key = record.key
    if not key:
        raise Unacceptable(f"{place(record)} has no key, so it belongs to no stream")
    try:
        # a header of Kafka's may be null
        return key.decode(), (head.get(ID) or b"").decode(), (head.get(CORRELATION) or b"").decode()
    except UnicodeDecodeError as exc:
        raise Unacceptable(f"key or header of {place(record)} is not UTF-8: {exc}") from exc


def origin_of(head: Head, at: int) -> Origin:
    """Return whose decision or outcome the record at offset `at` is, None if it is from outside.

    Raises Unacceptable if its headers cannot be read, or name a cause that does not come before
    it: one forged, or copied from another log, would make readers pass over all that follows.
    """
    signature = head.get(PROCESSOR)
    if signature is None:
        return None
    author = _author(signature)
    if (cause := head.get(CAUSE)) is not None:
        before, _, steps = cause.partition(b"/")
        where = _number(CAUSE, before, cause), *_steps(steps)
        if not 0 <= where[0] < at:
            raise Unacceptable(f"header {CAUSE} of the record at {at} is {cause[:80]!r}")
        return _tuple(Decision, (author, _tuple(Cause, where)))
    if (request := head.get(REQUEST)) is not None:
        offset = _number(REQUEST, request, request)
        if not 0 <= offset < at:
            raise Unacceptable(f"header {REQUEST} of the record at {at} is {request[:80]!r}")
        return _tuple(Outcome, (author, offset))
    return None


def author_of(head: Head) -> ProcessorName | None:
    """Return the name of the processor that wrote a record, or None for what came from outside."""
    signature = head.get(PROCESSOR)
    return None if signature is None else _author(signature)


@lru_cache(maxsize=256)
def _author(signature: bytes) -> ProcessorName:
    return ProcessorName(signature.decode(errors="replace").partition("/")[0])


#: Makes a named tuple without the call of its own constructor.
_tuple = tuple.__new__


@lru_cache(maxsize=256)  # nearly all decisions have one event, or two
def _steps(written: bytes) -> tuple[int, int]:
    step, _, steps = written.partition(b"/")
    found = _number(CAUSE, step, written), _number(CAUSE, steps, written)
    if not 0 <= found[0] < found[1]:
        raise Unacceptable(f"header {CAUSE} ends with {written[:80]!r}")
    return found


def _number(name: str, written: bytes, header: bytes) -> int:
    try:
        return int(written)
    except ValueError as exc:
        raise Unacceptable(f"header {name} is {header[:80]!r}") from exc


def place(record: Record) -> str:
    """Say where a record stands, for messages."""
    return f"{record.topic}/{record.partition}@{record.offset}"


@lru_cache(maxsize=1024)  # a broker stamps whole batches alike
def rfc3339(at_ms: int) -> bytes:
    """Write a Unix time in milliseconds as RFC 3339 in UTC."""
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return (text[:-6] + "Z").encode()
