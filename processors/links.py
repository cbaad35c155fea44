"""Stateless links: they carry facts from one topic to another, so that no decider reads two.

A link that dies repeats what was not acknowledged, under the same ids; whoever reads the target
takes a fact it knows for nothing new.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from processors.line import Entry
from processors.parts import Assignment, Desk
from streams.envelope import Envelope, Head, Origin
from streams.errors import Poison
from streams.ids import EventId, ProcessorName
from streams.io.wire import Author
from streams.log import Draft, Record
from streams.topics import Topic


class Carried(NamedTuple):
    """A fact for the target topic, or another; without a partition its key chooses one.

    It says that what is carried caused it, or what `because` names.
    """

    key: str
    event: Any
    partition: int | None = None
    topic: str | None = None
    because: EventId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`carry(cause, partitions)` says what of a fact belongs in the target, and where."""

    name: ProcessorName
    version: int
    topic: Topic
    target: Topic
    reads: tuple[type, ...]
    carry: Callable[[Envelope[Any], int], Iterable[Carried]]


class Linking:
    """The part of a link; `partitions` is how many its target has."""

    recalls: frozenset[type] = frozenset()

    def __init__(self, link: Link, author: Author, partitions: Callable[[str], int]) -> None:
        self.link = link
        self.author = author
        self.partitions = partitions

    @property
    def name(self) -> ProcessorName:
        """The link's name."""
        return self.link.name

    @property
    def reads(self) -> frozenset[type]:
        """The link's inputs."""
        return frozenset(self.link.reads)

    def begin(self, desk: Desk, assignment: Assignment) -> "LinkingPost":
        """Open a post; a link recalls nothing."""
        return LinkingPost(self, desk, assignment.start)


class LinkingPost:
    """A link at work on one partition."""

    busy = False

    def __init__(self, part: Linking, desk: Desk, start: int) -> None:
        self.since = start
        self._part = part
        self._desk = desk

    def recall(self, record: Record, kind: type, head: Head, origin: Origin) -> None:
        """Nothing is asked for."""

    def handle(self, record: Record, cause: Envelope[Any], entry: Entry) -> Awaitable[None] | None:
        """Carry a fact over."""
        try:
            return self._desk.append(lambda: self._drafts(cause), entry)
        except Poison as error:
            return self._desk.park(record, self._part.name, error, entry)

    def snapshot(self, position: int) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is running here."""

    def _drafts(self, cause: Envelope[Any]) -> list[Draft]:
        link, author = self._part.link, self._part.author
        target = link.target.name
        carried = link.carry(cause, self._part.partitions(target))
        return [
            author.carried(cause, step, topic or target, partition, key, event, because)
            for step, (key, event, partition, topic, because) in enumerate(carried)
        ]
