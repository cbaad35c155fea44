"""The job every system does: read Avro events, count them per key, write each with its count.

What is written is a record of the grid: CloudEvents headers with derived ids, by which others
follow causes and drop repeats.

Imports fastavro and the standard library alone: some systems live in environments of their own.
A program takes its order as JSON, says READY once it has counted the warm-up, and prints a Took.
"""

import io
import json
import resource
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

import fastavro

READY = "ready"
#: The warm-up is over once every partition had this many events.
WARM_PER_PARTITION = 50
PARTITIONS = 4
WARM = WARM_PER_PARTITION * PARTITIONS
PAID_ID, COUNTED_ID = 1, 2

_FIELDS = [
    {"name": "account", "type": "string"},
    {"name": "number", "type": "long"},
    {"name": "at_ms", "type": "long"},
    {"name": "kind", "type": "string"},
    {"name": "amount", "type": "double"},
    {"name": "currency", "type": "string"},
    {"name": "merchant", "type": "string"},
    {"name": "country", "type": "string"},
    {"name": "city", "type": "string"},
    {"name": "online", "type": "boolean"},
    {"name": "terminal", "type": "string"},
    {"name": "note", "type": "string"},
]
PAID = fastavro.parse_schema(
    {"type": "record", "name": "Paid", "namespace": "benchmark", "fields": _FIELDS}
)
COUNTED = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Counted",
        "namespace": "benchmark",
        "fields": [*_FIELDS, {"name": "count", "type": "long"}],
    }
)


class Order(NamedTuple):
    """What a system is asked to do; `events` come after the warm-up."""

    bootstrap: str
    source: str
    target: str
    group: str
    folder: str
    events: int

    @property
    def total(self) -> int:
        """How many events there will be in all."""
        return WARM + self.events


class Took(NamedTuple):
    """What the events after the warm-up took, from the first one's arrival on."""

    events: int
    seconds: float
    cpu_s: float


def prefix(schema_id: int) -> bytes:
    """Return the five bytes before an Avro body."""
    return b"\0" + schema_id.to_bytes(4, "big")


COUNTED_PREFIX = prefix(COUNTED_ID)


def decode_paid(value: bytes) -> Any:
    """Read an input as its dictionary."""
    body = io.BytesIO(value)
    body.seek(5)
    return fastavro.schemaless_reader(body, PAID, None)


def encode_counted(paid: Any, count: int) -> bytes:
    """Write an output: the payment with its count; `paid` is changed."""
    paid["count"] = count
    body = io.BytesIO()
    body.write(COUNTED_PREFIX)
    fastavro.schemaless_writer(body, COUNTED, paid)
    return body.getvalue()


def decode_counted(value: bytes) -> tuple[str, int]:
    """Read an output's account and count."""
    body = io.BytesIO(value)
    body.seek(len(COUNTED_PREFIX))
    counted: Any = fastavro.schemaless_reader(body, COUNTED, None)
    return counted["account"], counted["count"]


def head(topic: str, partition: int, offset: int, at_ms: int) -> list[tuple[str, bytes]]:
    """Return the headers of what is decided from an input."""
    cause_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{topic}/{partition}/{offset}"))
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return [
        ("ce_id", str(uuid.uuid5(uuid.NAMESPACE_OID, f"{cause_id}/counter/0")).encode()),
        ("ce_type", b"benchmark.Counted.v1"),
        ("ce_specversion", b"1.0"),
        ("ce_source", b"/aether/local/counter"),
        ("ce_time", at.isoformat(timespec="milliseconds").encode()),
        ("ce_causationid", cause_id.encode()),
        ("aether_processor", b"counter/1"),
        ("aether_cause", f"{offset}/0/1".encode()),
    ]


def order() -> Order:
    """Return this program's order."""
    return Order(*json.loads(sys.argv[1]))


class Meter:
    """Times what comes after the warm-up; `count` is called once per event, as it arrives."""

    def __init__(self, events: int) -> None:
        self._events = events
        self._left = WARM
        self._began = (0.0, 0.0)

    def count(self) -> None:
        """Note that an event arrived."""
        if self._left < 0:
            return
        self._left -= 1
        if self._left < 0:
            self._began = now()

    @property
    def is_warm(self) -> bool:
        """Whether all of the warm-up has arrived."""
        return self._left <= 0

    def done(self) -> None:
        """Say what it took; every output is durable now."""
        seconds, cpu_s = (now - began for now, began in zip(now(), self._began, strict=True))
        print(json.dumps(Took(self._events, seconds, cpu_s)), flush=True)


def warm() -> None:
    """Say that the warm-up is counted, and its outputs are on their way."""
    print(READY, flush=True)


def now() -> tuple[float, float]:
    """Return a clock's seconds, and those this process has had a core."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime
