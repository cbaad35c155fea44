"""What recall needs of an index of memories; one contract suite holds every index to it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from streams.events.memory import UNKNOWN, Content
from streams.ids import EventId, MemoryId, ScopeId


class Entry(NamedTuple):
    """What is known of a memory besides its vector; see `MemoryRecorded` for the fields."""

    memory_id: MemoryId
    scope: ScopeId
    content: Content
    place: int = 0
    since_ms: int = 0
    expires_at_ms: int | None = None
    offered_by: EventId = UNKNOWN


class Memory(NamedTuple):
    """A memory as it is indexed; `vector` is `float32[n]`, little-endian, of length 1."""

    entry: Entry
    encoder: str
    vector: bytes


class Near(NamedTuple):
    """A memory and its cosine to what was asked."""

    memory_id: MemoryId
    cosine: float


class Vectors(Protocol):
    """Vectors in the order of their texts, and who made them."""

    @property
    def encoder(self) -> str:
        """The model and weights; vectors of two must not be compared."""

    @property
    def vectors(self) -> list[bytes]:
        """The vectors, `float32[n]`, little-endian, of length 1."""


class Encoder(Protocol):
    """Turns texts into vectors."""

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Return a vector per text. Raises ModelAway."""


class MemoryIndex(Protocol):
    """An index over the log: it can be deleted and filled again, and is never the only copy.

    It remembers how far it was filled, together with what it holds: after a crash it may be behind
    its position, never ahead. Putting or removing twice changes nothing, and what was removed
    stays so: in which order the two arrive does not matter.

    Nothing is read but within the scopes that are named; no scope, nothing. A scope is compared
    letter by letter.
    """

    async def put(self, memories: Sequence[Memory]) -> list[Memory]:
        """Take in what was not removed, and return it; it is found at once. Raises IndexAway."""

    async def remove(self, scope: ScopeId, gone: Sequence[MemoryId]) -> None:
        """Take memories of a scope out, now and for ever. Raises IndexAway."""

    async def nearest(
        self,
        vectors: Sequence[bytes],
        encoder: str,
        scopes: Sequence[ScopeId],
        limit: int,
        among: Sequence[MemoryId] | None = None,
    ) -> list[list[Near]]:
        """Return for each vector the nearest memories of these scopes and this encoder.

        The nearest come first, equal ones by id; `among` leaves out all others. Raises IndexAway.
        """

    async def entries(
        self, scopes: Sequence[ScopeId], among: Sequence[MemoryId] | None = None
    ) -> list[Entry]:
        """Return what these scopes hold, whatever the encoder, by id. Raises IndexAway."""

    async def positions(self) -> dict[int, int]:
        """Return per partition the offset up to which it was filled, durably. Raises IndexAway."""

    async def keep(self, positions: Mapping[int, int]) -> None:
        """Make everything put so far durable, then remember how far that was. Raises IndexAway."""

    async def count(self) -> int:
        """Return how many memories it holds; once per encoder. Raises IndexAway."""

    async def close(self) -> None:
        """Let go of it; a second call does nothing."""
