"""The past, read from the log: that of a key's stream, and that of a run."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from streams.envelope import Envelope, origin_of
from streams.errors import Poison
from streams.ids import RunId
from streams.io.runs import events_of
from streams.io.wire import Wire
from streams.ledger import Marks
from streams.log import EventLog


class Past:
    """Reads a partition from its first record; repeats and what cannot be read are left out."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self._log = log
        self._wire = wire

    def before(self, cause: Envelope[Any], kinds: Sequence[type]) -> Iterator[Envelope[Any]]:
        """Yield the events of `kinds` under the cause's key that stand before it, in order."""
        marks, wanted, key = Marks(), frozenset(kinds), cause.key.encode()
        first = self._log.span(cause.topic, cause.partition).first
        for records in self._log.read(cause.topic, cause.partition, first, cause.offset):
            for record in records:
                if record.key != key:
                    continue
                with suppress(Poison):
                    head = dict(record.headers)
                    if marks.repeats(origin_of(head), cause.key):
                        continue
                    if self._wire.codec.kind_of(record.value) in wanted:
                        yield self._wire.open(record)

    def events(self, run_id: RunId) -> Sequence[Envelope[Any]]:
        """Return a run's events."""
        return events_of(run_id, self._log, self._wire)
