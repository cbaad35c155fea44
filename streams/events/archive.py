"""What was put away: ranges of partitions in the object store, chained like commits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSealed:
    """The records from `first` up to, not including, `end` lie in the store at `address`.

    `identity` tells the topic from others of its name, `previous` is the address of the segment
    before, None for the first one. `rows_sha256` (hex) is the hash of the records themselves, in
    whatever format they are kept; `newest_ms` is the latest time in them.
    """

    topic: str
    identity: str
    partition: int
    first: int
    end: int
    records: int
    newest_ms: int
    address: str
    previous: str | None
    rows_sha256: str


ArchiveEvent = SegmentSealed

EVENTS: tuple[type, ...] = (SegmentSealed,)
