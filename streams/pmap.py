"""A map that is a value: putting something in returns another map and leaves the first as it was.

A fold over a long stream must not copy its state at every event; here a change copies two small
parts of it. Where a key goes follows from its bytes, the same in every process.
"""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar
from zlib import crc32

V = TypeVar("V")

LEAF_MAX = 32
FAN_OUT = 32


class PMap(Generic[V]):
    """An immutable map of text keys: a tree of plain dicts that split when they fill up."""

    __slots__ = ("_root", "_size")

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._root: _Node[V] = {}
        self._size = 0
        for key, value in (items or {}).items():
            grown = self.put(key, value)
            self._root, self._size = grown._root, grown._size

    def get(self, key: str) -> V | None:
        """Return what `key` maps to, or None."""
        node, bits = self._root, crc32(key.encode())
        while isinstance(node, tuple):
            node, bits = node[bits % FAN_OUT], bits // FAN_OUT
        return node.get(key)

    def put(self, key: str, value: V) -> "PMap[V]":
        """Return this map with `key` mapped to `value`."""
        grown: PMap[V] = PMap()
        grown._size = self._size + (self.get(key) is None)
        grown._root = _put(self._root, crc32(key.encode()), 0, key, value)
        return grown

    def items(self) -> list[tuple[str, V]]:
        """Return the pairs in the order of their keys."""
        return sorted(_walk(self._root), key=lambda pair: pair[0])

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PMap) and len(self) == len(other) and self.items() == other.items()

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return f"PMap({dict(self.items())!r})"


_Node = dict[str, V] | tuple["_Node[V]", ...]
DEPTH_MAX = 6  # 32^6 leaves use up the 32 bits of the hash


def _put(node: "_Node[V]", bits: int, depth: int, key: str, value: V) -> "_Node[V]":
    if isinstance(node, tuple):
        at = bits % FAN_OUT
        child = _put(node[at], bits // FAN_OUT, depth + 1, key, value)
        return (*node[:at], child, *node[at + 1 :])
    leaf = {**node, key: value}
    return leaf if len(leaf) <= LEAF_MAX or depth >= DEPTH_MAX else _split(leaf, depth)


def _split(leaf: dict[str, V], depth: int) -> "_Node[V]":
    parts: tuple[dict[str, V], ...] = tuple({} for _ in range(FAN_OUT))
    for key, value in leaf.items():
        parts[crc32(key.encode()) // FAN_OUT**depth % FAN_OUT][key] = value
    return parts


def _walk(node: "_Node[V]") -> Iterator[tuple[str, V]]:
    if isinstance(node, tuple):
        for child in node:
            yield from _walk(child)
    else:
        yield from node.items()
