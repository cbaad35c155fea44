"""A segment: records of one partition as Parquet, raw so that nothing is lost, decoded for queries.

Equal records give equal bytes. The hash of the raw records does not depend on the format.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from streams.envelope import CAUSATION, PROCESSOR
from streams.errors import Poison, Undecodable
from streams.events.archive import SegmentSealed
from streams.io.parquet import Table, Type, read, written
from streams.io.wire import Wire
from streams.log import Record
from streams.plain import form_of, text_of

ABOUT = "aether.segment"
#: A longer event is not told as JSON as well: with its record it might be too large an object.
JSON_MAX = 1024 * 1024
RAW = {
    "offset": Type.INT,
    "timestamp_ms": Type.INT,
    "key": Type.BYTES,
    "value": Type.BYTES,
    "headers": Type.PAIRS,
}
DECODED = dict.fromkeys(("event", "event_id", "run_id", "cause_id", "processor", "json"), Type.TEXT)
_NUMBERS, _LENGTH = struct.Struct(">qq"), struct.Struct(">q")


class Segment(NamedTuple):
    """What a segment says of itself; `previous` is the address of the one before it."""

    topic: str
    identity: str
    partition: int
    first: int
    end: int
    previous: str | None


def named_by(head: SegmentSealed) -> Segment:
    """Return what the segment that a head names must say of itself."""
    return Segment(*(getattr(head, name) for name in Segment._fields))


class Decoded(NamedTuple):
    """What a record says, as text; all None where it is no event of ours.

    `json` is None also for an event of more than JSON_MAX characters.
    """

    event: str | None = None
    event_id: str | None = None
    run_id: str | None = None
    cause_id: str | None = None
    processor: str | None = None
    json: str | None = None


class Row(NamedTuple):
    """A record and what it says."""

    record: Record
    decoded: Decoded

    @property
    def size(self) -> int:
        """How many bytes it takes, roughly, before compression."""
        _, _, _, _, key, value, headers = self.record
        heads = sum(len(name) + len(content or b"") for name, content in headers)
        return len(key or b"") + len(value or b"") + heads + len(self.decoded.json or "")


def decoded(record: Record, wire: Wire) -> Row:
    """Return a record with what it says. Raises StoreAway, RegistryAway."""
    with suppress(Poison, ValueError, TypeError):  # parked, or a number that JSON cannot say
        kind = wire.codec.kind_of(record.value)
        if kind is not None:
            envelope = wire.open(record)
            processor = envelope.head.get(PROCESSOR)
            told = text_of(form_of(kind).dump(envelope.event))
            return Row(
                record,
                Decoded(
                    event=kind.__name__,
                    event_id=envelope.event_id,
                    run_id=envelope.run_id or None,
                    cause_id=envelope.cause_id if CAUSATION in envelope.head else None,
                    processor=None if processor is None else processor.decode(errors="replace"),
                    json=told if len(told) <= JSON_MAX else None,
                ),
            )
    return Row(record, Decoded())


def packed(about: Segment, rows: Sequence[Row]) -> bytes:
    """Return a segment's content."""
    columns = {
        **{name: [getattr(row.record, name) for row in rows] for name in RAW},
        **{name: [getattr(row.decoded, name) for row in rows] for name in DECODED},
    }
    told = {ABOUT: text_of(about._asdict())}
    return written({**RAW, **DECODED}, Table(columns, told))


def unpacked(content: bytes) -> tuple[Segment, list[Record]]:
    """Return what a segment says of itself, and its records. Raises Undecodable."""
    table = read(content, RAW)
    try:
        about = Segment(**json.loads(table.about[ABOUT]))
    except (KeyError, TypeError, ValueError) as exc:
        raise Undecodable(f"Parquet, but no segment of an archive: {exc!r}") from exc
    rows = zip(*(table.columns[name] for name in RAW), strict=True)
    return about, [Record(about.topic, about.partition, *row) for row in rows]


def digest_of(records: Iterable[Record]) -> str:
    """Return the SHA-256 (hex) of records as they stand in the log, every part with its length."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(_NUMBERS.pack(record.offset, record.timestamp_ms))
        parts: list[bytes | None] = [record.key, record.value]
        for name, value in record.headers:
            parts += (name.encode(), value)
        digest.update(_LENGTH.pack(len(parts)))
        for part in parts:
            digest.update(_LENGTH.pack(-1 if part is None else len(part)))
            digest.update(part or b"")
    return digest.hexdigest()
