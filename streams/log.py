"""The log as the rest of the project sees it: append, and read a range of a partition.

Adapters live in `streams/io/`; one contract suite holds them all to the promises written here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from streams.errors import DeliveryFailed

Headers = list[tuple[str, bytes]]


def filled(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    """Return headers with those empty that are null in Kafka: both say nothing."""
    given = headers if type(headers) is list else list(headers)
    for _, value in given:
        if value is None:
            return [(name, value or b"") for name, value in given]
    return given  # type: ignore[return-value]


class Record(NamedTuple):
    """One entry of the log, as read; `timestamp_ms` is the broker's (append) time."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Draft(NamedTuple):
    """One entry to be appended; with `partition` None the key's murmur2 hash chooses it."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers


class Span(NamedTuple):
    """The offsets a partition holds: from `first` up to, not including, `end`."""

    first: int
    end: int


#: Called once per draft: with nothing when it is durable, else with why it never will be.
Delivered = Callable[[DeliveryFailed | None], None]


class EventLog(Protocol):
    """A partitioned, append-only log.

    Appends of one client to one partition keep their order and are neither lost nor doubled unless
    `delivered` says so; a client that dies in between leaves a prefix of what it appended.
    """

    def append(self, drafts: Sequence[Draft], delivered: Delivered) -> int:
        """Send drafts off and return at once; `delivered` is called by a later `serve`.

        Returns how many were sent: fewer than given if too much is in flight, to be sent again
        after a `serve`. Raises what makes a draft impossible, such as DeliveryFailed for its size.
        """

    def serve(self, timeout_s: float = 0.0) -> int:
        """Call back for what was delivered since the last call; return how much it was."""

    def flush(self, timeout_s: float) -> int:
        """Serve until nothing is in flight or the time is over; return how many still are."""

    def partitions(self, topic: str) -> int:
        """Return how many partitions `topic` has. Raises BrokerAway, Misconfigured if unknown."""

    def identity(self, topic: str) -> str:
        """Return what tells this topic from an earlier one of the same name. Raises BrokerAway."""

    def span(self, topic: str, partition: int) -> Span:
        """Return what the partition holds now. Raises BrokerAway."""

    def offset_at(self, topic: str, partition: int, at_ms: int) -> int:
        """Return the offset of the first record appended at or after a time, or the end."""

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        """Yield the partition's records with start <= offset < end in order, in batches.

        Offsets may have gaps. Raises LogTruncated if `start` is below what the log holds, and
        BrokerAway. Stops after the last record below `end`, even if the log ends earlier.
        """

    def follow(self, starts: Mapping[tuple[str, int], int]) -> "Follower":
        """Return a reader of the given (topic, partition)s from their offsets on, without end."""

    def close(self) -> None:
        """Give up what is in flight and let go of every connection; a second call does nothing."""


@runtime_checkable
class KeyedLog(Protocol):
    """A log that passes over records of other keys before it makes anything of them."""

    def read_keys(
        self, topic: str, partition: int, start: int, end: int, keys: Collection[bytes]
    ) -> Iterator[list[Record]]:
        """Yield what `EventLog.read` does, of these keys alone; a batch may be empty."""


class Follower(Protocol):
    """A live reader; one thread at a time may use it."""

    def take(self, timeout_s: float) -> list[Record]:
        """Return what has arrived, waiting up to `timeout_s` for the first record."""

    def positions(self) -> dict[tuple[str, int], int]:
        """Return the offset to be read next, per (topic, partition)."""

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
