"""The parts of Avro's binary format that are worth a call: numbers, lengths, arrays, vectors.

Compiled readers and writers have everything else written out.
"""

from array import array
from math import isfinite

LONGS = 2**63


def _plain_varint(bits: int) -> bytes:
    out = bytearray()
    while bits > 127:
        out.append(bits & 127 | 128)
        bits >>= 7
    out.append(bits)
    return bytes(out)


#: Two bytes of a number at a time: as its last ones, and with more to follow.
_LAST = [_plain_varint(bits) for bits in range(1 << 14)]
_MORE = [bytes((bits & 127 | 128, bits >> 7 | 128)) for bits in range(1 << 14)]


def varint(number: int) -> bytes:
    """Write a long: zigzag, seven bits a byte, the lowest first. Raises ValueError past 64 bits."""
    if not -LONGS <= number < LONGS:
        raise ValueError(f"{number} has more than 64 bits")
    bits = (number << 1) ^ (number >> 63)
    out = b""
    while bits > 0x3FFF:
        out += _MORE[bits & 0x3FFF]
        bits >>= 14
    return out + _LAST[bits]


def long_at(value: bytes, at: int) -> tuple[int, int]:
    """Read a long; return it and where it ends."""
    bits = shift = 0
    while True:
        byte = value[at]
        at += 1
        bits |= (byte & 127) << shift
        if (byte < 128 and shift < 63) or byte < 2:
            return (bits >> 1) ^ -(bits & 1), at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def length_at(value: bytes, at: int) -> tuple[int, int]:
    """Read a length, doubled as its zigzag form is; return it and where it ends.

    Compiled readers come here for what has not one or two bytes.
    """
    number, at = long_at(value, at)
    if number < 0:
        raise ValueError(f"a length of {number}")
    return number << 1, at


def blocks(items: list[bytes]) -> bytes:
    """Write an array: one block and the end."""
    return b"".join((varint(len(items)), *items, b"\0")) if items else b"\0"


def number(value: float) -> float:
    """Return a double that is a number: infinities and NaN have no JSON, and so no state.

    Raises ValueError for one that is none.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is no number")
    return value


def numbers(vector: bytes) -> bytes:
    """Return a vector as it is. Raises ValueError unless it is `float32[n]` and all are numbers.

    What is no number, and what is beyond 10^38, has one of two bytes in a fourth place.
    """
    highest = vector[3::4]
    if (0x7F in highest or 0xFF in highest or len(vector) & 3) and not isfinite(
        sum(array("f", vector))
    ):
        raise ValueError("a vector with what is no number")
    return vector
