"""Where a reader of a topic stands, as one word: the next offset of every partition, in order.

`12.0.7.3` is the id of every event sent and the cursor of every page, so that a reader that comes
back goes on where it was, in all partitions.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from gateway.errors import invalid, refused
from streams.log import EventLog

Places = tuple[int, ...]

START, END = "start", "end"
OFFSET_DIGITS = 18
_PLACES = re.compile(rf"\d{{1,{OFFSET_DIGITS}}}(\.\d{{1,{OFFSET_DIGITS}}})*", re.ASCII)


def moved(places: Places, partition: int, offset: int) -> Places:
    """Return places with that of one partition changed."""
    return (*places[:partition], offset, *places[partition + 1 :])


def written(places: Sequence[int]) -> str:
    """Return places as one word."""
    return ".".join(map(str, places))


def read(text: str, log: EventLog, topic: str, param: str) -> Places:
    """Return the places that a word says. Raises ApiError for what is no place of this topic."""
    count = log.partitions(topic)
    places = tuple(map(int, text.split("."))) if _PLACES.fullmatch(text) else ()
    if len(places) != count:
        told = f"{param} is not {count} offsets joined by '.', one for each partition of {topic}"
        raise invalid(told, param)
    for partition, offset in enumerate(places):
        first, end = log.span(topic, partition)
        if offset > end:
            told = f"{param} is beyond the end of {topic}/{partition}, which is {end}"
            raise invalid(told, param)
        if offset < first:
            told = f"{topic}/{partition} holds nothing before {first}; begin at `{START}`"
            raise refused(410, "log_truncated", told)
    return places


def named(text: str, log: EventLog, topic: str) -> Places:
    """Return the places that `start`, `end` or a time stands for. Raises ApiError."""
    partitions = range(log.partitions(topic))
    if text == START:
        return tuple(log.span(topic, p).first for p in partitions)
    if text == END:
        return tuple(log.span(topic, p).end for p in partitions)
    try:
        at_ms = int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        told = f"from is neither {START}, {END} nor a time such as 2026-01-31T12:00:00Z"
        raise invalid(told, "from") from None
    return tuple(log.offset_at(topic, p, at_ms) for p in partitions)
