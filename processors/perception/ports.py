"""What perception needs of the world."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Encoded(NamedTuple):
    """Vectors (`float32[n]`, little-endian, length 1), and the model and weights that made them.

    Vectors of two encoders must not be compared. `tokens` says of how many each was made; an
    encoder that does not count says nothing.
    """

    encoder: str
    vectors: list[bytes]
    tokens: Sequence[int] = ()


class Encoder(Protocol):
    """Turns texts into vectors."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text, in order. Raises ModelAway."""
