"""What takes part in reading a topic: deciders, effects and links, all seen the same way.

A part is what a processor is; a post is its work on one partition during one assignment.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, Protocol

from processors.line import Act, Entry
from streams.envelope import Envelope, Head, Origin
from streams.errors import Transient
from streams.ids import ProcessorName
from streams.log import Draft, Record, Span


class Assignment(NamedTuple):
    """One partition to work on: the first input will be at `start`, the log now holds `span`.

    `identity` tells the topic from an earlier one of the same name.
    """

    topic: str
    identity: str
    partition: int
    start: int
    span: Span


#: Encodes drafts; called again after a Transient.
Write = Callable[[], list[Draft]]


#: Begins something slow; a function, because one that is cancelled early never begins.
Work = Callable[[], Coroutine[Any, Any, None]]


class Desk(Protocol):
    """What a post may ask of the runner."""

    def open(self, record: Record) -> Envelope[Any]:
        """Decode a record. Raises Poison and Transient."""

    def append(self, write: Write, entry: Entry) -> Awaitable[None] | None:
        """Append what `write` returns, in order; `entry` stays open until all is delivered.

        If something is returned, it must be awaited before anything else is appended.
        """

    def park(
        self, record: Record, processor: ProcessorName, error: Exception, entry: Entry
    ) -> Awaitable[None]:
        """Dead-letter a record; once awaited, the dead letter is durable."""

    def told(self, error: Transient) -> None:
        """Hear that the world is away and will be asked again."""

    def spawn(self, work: Work) -> "Task":
        """Run `work()` beside the reading; whatever it raises stops the process."""


class Task(Protocol):
    """Work that was spawned."""

    def cancel(self) -> object:
        """End it at its next wait."""


class Post(Protocol):
    """A part at work on one partition, between its assignment and its revocation.

    It is `busy` while the world is asked for something that it holds: that may take long.
    """

    since: int

    @property
    def busy(self) -> bool:
        """Whether it waits for an answer."""

    def recall(self, record: Record, kind: type, head: Head, origin: Origin) -> None:
        """Take note of a record of the past at or after `since`, in order."""

    def handle(self, record: Record, cause: Envelope[Any], entry: Entry) -> Awaitable[None] | None:
        """Work on an input that is no repeat; what is returned must be awaited before the next."""

    def snapshot(self, position: int) -> Act | None:
        """Return what writes down all that is known now, if that saves time later.

        Every record below `position` was handled; it is called, in a thread, once all that came
        of them is durable.
        """

    def close(self) -> None:
        """Give everything up at once; nothing may be appended afterwards."""


class Part(Protocol):
    """A processor, ready to be put to work; `recalls` are the kinds its posts must see again."""

    @property
    def name(self) -> ProcessorName:
        """The processor's name."""

    @property
    def reads(self) -> frozenset[type]:
        """The kinds of event its posts handle."""

    @property
    def recalls(self) -> frozenset[type]:
        """The kinds of event its posts recall."""

    def begin(self, desk: Desk, assignment: Assignment) -> Post:
        """Open a post; its `since` says from which offset on it must recall."""
