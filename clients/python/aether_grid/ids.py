"""Ids: minted at the edge in the order of time, derived from a cause ever after (RFC 9562)."""

import os
import time
import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "aether-grid")


def derived(*parts: object) -> str:
    """Return the UUIDv5 of some parts, joined by slashes: the same cause, the same id."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


def minted(at_ms: int | None = None, chance: bytes | None = None) -> str:
    """Return a UUIDv7 of a Unix time in milliseconds and ten random bytes."""
    at = int(time.time() * 1000) if at_ms is None else at_ms
    bits = at << 80 | int.from_bytes(os.urandom(10) if chance is None else chance, "big")
    bits = bits & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=bits & ~(0x3 << 62) | 2 << 62))


def of_outcome(request_id: str, name: str) -> str:
    """Return the id of what a node of `work/{name}` answers; whichever node, it is the same."""
    return derived(request_id, f"work/{name}", 0)


def of_inbox(event_id: str, node: str) -> str:
    """Return the id under which the grid carries on what a node sent to its inbox."""
    return derived(event_id, "inbox", node, 0)
