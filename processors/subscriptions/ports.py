"""What opening a subscription needs of the world."""

from collections.abc import Sequence
from typing import Protocol

from streams.topics import Topic


class Encoded(Protocol):
    """Vectors (`float32[n]`, little-endian, length 1) and the name of who made them."""

    @property
    def encoder(self) -> str:
        """The model and its weights."""

    @property
    def vectors(self) -> list[bytes]:
        """One per text."""


class Encoder(Protocol):
    """Turns texts into vectors."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text, in order. Raises ModelAway."""


class Topics(Protocol):
    """Where topics are made; for one that is there nothing is done."""

    def ensure(self, topic: Topic) -> None:
        """Create a topic that is not there, with the schemas of its area. Raises Transient."""
