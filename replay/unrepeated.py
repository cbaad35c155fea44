"""A partition as its readers see it: opened, repeats dropped, poison passed over."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from streams.envelope import Envelope, Origin, author_of, origin_of
from streams.errors import Poison
from streams.ids import ProcessorName
from streams.io.wire import Wire
from streams.ledger import Marks
from streams.log import EventLog, Record

Kinds = frozenset[type]
#: Where partitions end, by topic and partition.
Ends = Mapping[tuple[str, int], int]


class Entry(NamedTuple):
    """An event, and where it came from."""

    envelope: Envelope[Any]
    origin: Origin


def opened(
    log: EventLog,
    wire: Wire,
    topic: str,
    partition: int,
    kinds: Kinds | None = None,
    end: int | None = None,
    start: int = 0,
    authors: frozenset[ProcessorName] = frozenset(),
) -> Iterator[tuple[int, Sequence[Entry]]]:
    """Yield the events of a partition up to its end of now or `end`, of some kinds or all of ours.

    Those by some `authors` come whatever their kind.

    What stands before `start` is not read; later repeats of it are taken for new.

    They come batch by batch, each with how many records it was made from.
    """
    span, marks = log.span(topic, partition), Marks()
    for records in log.read(
        topic, partition, max(span.first, start), span.end if end is None else end
    ):
        found = (_open(record, wire, kinds, authors) for record in records)
        yield (
            len(records),
            [
                entry
                for entry in found
                if entry is not None and not marks.repeats(entry.origin, entry.envelope.key)
            ],
        )


def _open(
    record: Record, wire: Wire, kinds: Kinds | None, authors: frozenset[ProcessorName]
) -> Entry | None:
    try:
        kind = wire.codec.kind_of(record.value)
        if kind is None:
            return None
        wanted = kinds is None or kind in kinds
        if not wanted and author_of(dict(record.headers)) not in authors:
            return None
        envelope = wire.open(record)
        return Entry(envelope, origin_of(envelope.head, envelope.offset))
    except Poison:
        return None  # it was parked, then as now
