"""An event with where it stands and what caused it, and the record headers that say so.

Headers are CloudEvents 1.0 in binary mode, W3C trace context, and two of our own. A record without
them, from any language or tool, is valid: what is missing follows from its position.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

from streams import ids
from streams.errors import Unacceptable
from streams.ids import EventId, ProcessorName, RunId
from streams.log import Headers, Record

E = TypeVar("E")

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
    """

    event: E
    event_id: EventId
    key: str
    topic: str
    partition: int
    offset: int
    recorded_at_ms: int
    run_id: RunId
    cause_id: EventId | None
    trace: Headers
    origin: Origin


def open_envelope(record: Record, event: E) -> Envelope[E]:
    """Put `event`, decoded from `record`, into its envelope.

    Raises Unacceptable for an empty key and for headers that are not what they should be.
    """
    try:
        key = (record.key or b"").decode()
        head = {name: value.decode() for name, value in record.headers if value is not None}
    except UnicodeDecodeError as exc:
        raise Unacceptable(f"key or header of {place(record)} is not UTF-8: {exc}") from exc
    if not key:
        raise Unacceptable(f"{place(record)} has no key, so it belongs to no stream")
    event_id = head.get(ID) or ids.of_position(record.topic, record.partition, record.offset)
    cause_id = head.get(CAUSATION)
    trace = [(n, head[n].encode()) for n in (TRACE_PARENT, TRACE_STATE) if n in head]
    return Envelope(
        event,
        EventId(event_id),
        key,
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        RunId(head.get(CORRELATION, "")),
        EventId(cause_id) if cause_id else None,
        trace,
        origin_of(record),
    )


def origin_of(record: Record) -> Origin:
    """Return whose decision or outcome a record is, or None for what came from outside.

    Raises Unacceptable if its headers cannot be read.
    """
    author = author_of(record)
    if author is None:
        return None
    if (cause := header(record, CAUSE)) is not None:
        offset, step, steps = _numbers(record, CAUSE, cause, 3)
        return Decision(author, Cause(offset, step, steps))
    if (request := header(record, REQUEST)) is not None:
        return Outcome(author, *_numbers(record, REQUEST, request, 1))
    return None


def _numbers(record: Record, name: str, value: bytes, count: int) -> list[int]:
    try:
        numbers = [int(part) for part in value.split(b"/")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise Unacceptable(f"{place(record)}: header {name} is {value[:80]!r}")
    return numbers


def author_of(record: Record) -> ProcessorName | None:
    """Return the name of the processor that wrote a record, or None for what came from outside."""
    signature = header(record, PROCESSOR)
    if signature is None:
        return None
    return ProcessorName(signature.decode(errors="replace").partition("/")[0])


def header(record: Record, name: str) -> bytes | None:
    """Return the first header of a name; Kafka allows several and readers take the first."""
    for found, value in record.headers:
        if found == name:
            return value
    return None


def place(record: Record) -> str:
    """Say where a record stands, for messages."""
    return f"{record.topic}/{record.partition}@{record.offset}"


def rfc3339(at_ms: int) -> bytes:
    """Write a Unix time in milliseconds as RFC 3339 in UTC."""
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return (text[:-6] + "Z").encode()


def headers(
    *,
    event_id: EventId,
    type_: bytes,
    source: bytes,
    at_ms: int,
    run_id: RunId,
    cause_id: EventId | None = None,
    trace: Iterable[tuple[str, bytes]] = (),
    own: Iterable[tuple[str, bytes]] = (),
) -> Headers:
    """Write the headers of a new record; `own` are those with the prefix `aether_`."""
    written: Headers = [
        SPEC_VERSION,
        (ID, event_id.encode()),
        (SOURCE, source),
        (TYPE, type_),
        (TIME, rfc3339(at_ms)),
    ]
    if run_id:
        written.append((CORRELATION, run_id.encode()))
    if cause_id is not None:
        written.append((CAUSATION, cause_id.encode()))
    written.extend(trace)
    written.extend(own)
    return written
