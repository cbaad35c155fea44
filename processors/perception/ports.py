"""What perception needs of the world."""

from collections.abc import Sequence
from typing import Protocol


class Encoder(Protocol):
    """Turns texts into vectors; `name` tells which model with which weights."""

    @property
    def name(self) -> str:
        """The encoder's name; vectors of two names must not be compared."""

    async def encode(self, texts: Sequence[str]) -> list[bytes]:
        """Return a vector per text: `float32[n]`, little-endian, of length 1.

        Raises ModelAway.
        """
