"""What recall needs of an index of memories; one contract suite holds every index to it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from streams.events.memory import Content
from streams.ids import MemoryId, ScopeId


class Memory(NamedTuple):
    """A memory as it is indexed; `vector` is `float32[n]`, little-endian, of length 1."""

    memory_id: MemoryId
    scope: ScopeId
    content: Content
    encoder: str
    vector: bytes


class Found(NamedTuple):
    """A memory that was found, and its cosine to what was asked."""

    memory_id: MemoryId
    content: Content
    score: float


class MemoryIndex(Protocol):
    """An index over the log: it can be deleted and filled again, and is never the only copy.

    It remembers how far it was filled, together with what it holds: after a crash it may be behind
    its position, never ahead. Putting a memory twice changes nothing.
    """

    async def put(self, memories: Sequence[Memory]) -> None:
        """Take memories in; they are found at once. Raises IndexAway."""

    async def search(
        self, vector: bytes, encoder: str, scopes: Sequence[ScopeId], limit: int
    ) -> list[Found]:
        """Return the nearest memories of these scopes and this encoder, the nearest first.

        Equal scores are ordered by memory id. Raises IndexAway.
        """

    async def positions(self) -> dict[int, int]:
        """Return per partition the offset up to which it was filled, durably. Raises IndexAway."""

    async def keep(self, positions: Mapping[int, int]) -> None:
        """Make everything put so far durable, then remember how far that was. Raises IndexAway."""

    async def count(self) -> int:
        """Return how many memories it holds. Raises IndexAway."""

    async def close(self) -> None:
        """Let go of it; a second call does nothing."""
