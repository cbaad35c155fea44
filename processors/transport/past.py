"""What a group has yet to read and the log no longer holds, given as if it had been polled.

A group is never moved on over records: where the broker has none at its offset, the archive has
them, or the worker ends.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, cast

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message
from faust.types import TP

from streams.errors import LogTruncated, Misconfigured, Transient
from streams.log import EventLog, Headers, Record, Span

logger = logging.getLogger(__name__)


class Told(NamedTuple):
    """A record with the methods of a polled message."""

    record: Record

    def topic(self) -> str:
        """Return the topic."""
        return self.record.topic

    def partition(self) -> int:
        """Return the partition."""
        return self.record.partition

    def offset(self) -> int:
        """Return the offset."""
        return self.record.offset

    def timestamp(self) -> tuple[int, int]:
        """Return the broker's time, and that it is the broker's."""
        return TIMESTAMP_LOG_APPEND_TIME, self.record.timestamp_ms

    def key(self) -> bytes | None:
        """Return the key."""
        return self.record.key

    def value(self) -> bytes | None:
        """Return the value."""
        return self.record.value

    def headers(self) -> Headers:
        """Return the headers."""
        return self.record.headers


Polled = Message | Told
Groups = dict[TP, list[Polled]]


class Past:
    """Where every partition is read next, and those whose next record the broker does not have.

    These are read through `log`; it may be left out where no log was ever trimmed.
    """

    def __init__(self, log: EventLog | None, batch_max: int) -> None:
        self._log = log
        self._batch_max = batch_max
        self._next: dict[TP, int] = {}
        self._reading: dict[TP, Iterator[list[Told]]] = {}

    def restart(self, offsets: Mapping[TP, int]) -> None:
        """Every partition there is will be read from these offsets on."""
        self._next = dict(offsets)
        self._reading.clear()

    def passed(self, groups: Groups) -> None:
        """Hear what was handed on."""
        for tp, messages in groups.items():
            self._next[tp] = cast(int, messages[-1].offset()) + 1

    def missing(self, tp: TP) -> None:
        """Hear that the broker does not have the next record of a partition."""
        if tp in self._next and tp not in self._reading:
            self._reading[tp] = self._batches(tp)

    def elsewhere(self) -> dict[TP, int]:
        """Return from where on the broker is asked for every partition that is not read here."""
        return {tp: at for tp, at in self._next.items() if tp not in self._reading}

    def take(self, held: Collection[str]) -> Groups | None:
        """Return the next records of a partition; empty at their end: the broker has what follows.

        None if there are none of topics that are not held, or while the archive is away. Raises
        LogTruncated for records that are neither in the log nor sealed, and ArchiveDamaged.
        """
        tp = next((tp for tp in self._reading if tp.topic not in held), None)
        if tp is None:
            return None
        try:
            records = next(self._reading[tp], None)
        except Transient as error:
            logger.warning("waiting", extra={"error": str(error), "topic": tp.topic})
            self._reading[tp] = self._batches(tp)
            return None
        if records is not None:
            return {tp: [*records]}
        del self._reading[tp]
        return {}

    def _batches(self, tp: TP) -> Iterator[list[Told]]:
        log = self._log
        if log is None:
            raise Misconfigured(f"{tp.topic}/{tp.partition} has no record {self._next[tp]}")
        start, end = self._range(tp, log.span(tp.topic, tp.partition))
        self._next[tp] = start
        for records in log.read(tp.topic, tp.partition, start, end):
            for n in range(0, len(records), self._batch_max):
                yield [Told(record) for record in records[n : n + self._batch_max]]

    def _range(self, tp: TP, span: Span) -> Span:
        """A group that has considered nothing begins where history does, as far as it is known."""
        at = self._next[tp]
        if at == 0 or at > span.end:  # the log is a new one, or lost its end: repeats do no harm
            return span
        if at < span.first:
            raise LogTruncated(
                f"{tp.topic}/{tp.partition} begins at {span.first}, and this group has considered"
                f" only what is before {at}",
                fix=f"restore the segments; to give the records up, set the group to {span.first}",
            )
        return span._replace(first=at)
