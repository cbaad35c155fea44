"""What perception needs of the world."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Encoded(NamedTuple):
    """Vectors (`float32[n]`, little-endian, length 1), and the model and weights that made them.

    Vectors of two encoders must not be compared.
    """

    encoder: str
    vectors: list[bytes]


class Encoder(Protocol):
    """Turns texts into vectors."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text, in order. Raises ModelAway."""
