"""Reads a topic page by page in the order of the broker's clock, from places to places.

A page never passes over a record: what it does not tell stands behind the places it ends at.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.api.places import Places, moved
from streams.log import EventLog, Record

#: So many records are looked at for one page; a page of rare events may be short.
SCANNED_MAX = 20_000


class Page(NamedTuple):
    """What was found, each with the places right behind it; and where the next page begins."""

    found: list[tuple[Record, Places]]
    places: Places
    whole: bool  # whether nothing is left up to the end


def page(
    log: EventLog,
    topic: str,
    start: Places,
    end: Places,
    limit: int,
    wanted: Callable[[Record], bool],
) -> Page:
    """Return up to `limit` wanted records of a topic between two places."""
    found: list[tuple[Record, Places]] = []
    at, scanned = start, 0
    while len(found) < limit and scanned < SCANNED_MAX:
        records, behind = _merged(log, topic, at, end, limit)
        if not records:
            return Page(found, end, True)
        for record in records:
            at = moved(at, record.partition, record.offset + 1)
            scanned += 1
            if wanted(record):
                found.append((record, at))
                if len(found) == limit:
                    break
        else:
            at = behind
    return Page(found, at, all(here >= there for here, there in zip(at, end, strict=True)))


def _merged(
    log: EventLog, topic: str, start: Places, end: Places, limit: int
) -> tuple[list[Record], Places]:
    """Return the `limit` oldest records between two places, and the places behind them."""
    read = [
        record
        for partition, (first, stop) in enumerate(zip(start, end, strict=True))
        if first < stop
        for record in _some(log, topic, partition, first, stop, limit)
    ]
    oldest = sorted(read, key=lambda r: (r.timestamp_ms, r.partition, r.offset))[:limit]
    if len(oldest) == len(read) < limit:
        return oldest, end
    behind = start
    for record in oldest:
        behind = moved(behind, record.partition, max(behind[record.partition], record.offset + 1))
    return oldest, behind


def _some(
    log: EventLog, topic: str, partition: int, start: int, end: int, limit: int
) -> Iterator[Record]:
    left = limit
    batches = log.read(topic, partition, start, end)
    for batch in batches:
        yield from batch[:left]
        left -= len(batch)
        if left <= 0:
            return
