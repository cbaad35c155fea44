"""Vectors as events carry them, marked so that the codec takes nothing else for one."""

from typing import Annotated

VECTOR = "vector"

#: `float32[n]`, little-endian, every one a number.
Vector = Annotated[bytes, VECTOR]
