"""Trim: the log loses only what lies in a sound chain, is old enough, and everybody has read."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from replay.archive.audit import Auditor
from streams.errors import ArchiveDamaged
from streams.io.archive.chains import Chain, Chains, Place
from streams.log import EventLog, Span


class Trimming(Protocol):
    """What can cut a log, and knows who still reads it."""

    def committed(self, topic: str, partitions: int) -> Mapping[str, Mapping[int, int]]:
        """Return what every consumer group committed in a topic. Raises BrokerAway."""

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Delete the records below an offset, for ever. Raises BrokerAway."""


class Trim(NamedTuple):
    """What one partition may lose: the records from `first` up to, not including, `until`.

    `held_by` names the group that keeps it from losing more.
    """

    place: Place
    first: int
    until: int
    held_by: str


class Trimmer(NamedTuple):
    """Says what may go, and lets it go."""

    log: EventLog
    chains: Chains
    auditor: Auditor
    trimming: Trimming

    def plan(self, topic: str, older_than_ms: int) -> Iterator[Trim]:
        """Yield what each partition may lose now.

        The chain is audited first, to its head. Raises ArchiveDamaged if anything is wrong with
        it, and StoreAway if that cannot be known.
        """
        for wanted in self.candidates(topic, older_than_ms):
            place = wanted.place
            span = self.log.span(topic, place.partition)
            self._prove(place, self.chains.of(place), span)
            yield wanted

    def candidates(self, topic: str, older_than_ms: int) -> Iterator[Trim]:
        """Yield what each partition may lose if its chain is sound, which is not looked at."""
        count, identity = self.log.partitions(topic), self.log.identity(topic)
        committed = self.trimming.committed(topic, count)
        self.chains.refresh()
        for partition in range(count):
            place, span = Place(topic, identity, partition), self.log.span(topic, partition)
            until, held_by = _sealed_end(self.chains.of(place), older_than_ms), ""
            for group, offsets in sorted(committed.items()):
                if offsets.get(partition, until) < until:
                    until, held_by = offsets[partition], group
            yield Trim(place, span.first, max(span.first, until), held_by)

    def trim(self, planned: Trim) -> None:
        """Delete what was planned."""
        if planned.until > planned.first:
            topic, _, partition = planned.place
            self.trimming.delete_before(topic, partition, planned.until)

    def _prove(self, place: Place, chain: Chain, span: Span) -> None:
        faults = self.auditor.check(place, chain, span).faults
        if faults:
            worst = faults[0]
            raise ArchiveDamaged(
                f"nothing is trimmed: of {worst.topic}/{worst.partition} {worst.first} to"
                f" {worst.end - 1} are {worst.wrong} ({worst.detail})",
                fix="see `aether archive verify`",
            )


def _sealed_end(chain: Chain, older_than_ms: int) -> int:
    """Return up to where all is sealed and older than a time."""
    end = 0
    for segment in chain.segments:
        if segment.newest_ms >= older_than_ms:
            break
        end = segment.end
    return end
