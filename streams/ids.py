"""Names of things, and how ids of events come about: minted at the edge, derived ever after.

A decision made twice has the same ids, because a derived id is a pure function of its cause.
"""

import hashlib
from typing import NewType

EventId = NewType("EventId", str)
RunId = NewType("RunId", str)
SessionId = NewType("SessionId", str)
ScopeId = NewType("ScopeId", str)
MemoryId = NewType("MemoryId", str)
CapabilityId = NewType("CapabilityId", str)
InferenceId = NewType("InferenceId", str)
ModelName = NewType("ModelName", str)
ProcessorName = NewType("ProcessorName", str)

#: The UUID namespace of everything derived here: UUIDv5(DNS, "aether-grid").
NAMESPACE = bytes.fromhex("fc4b7a3a2f77546eb49f738f85eb24f6")


def derived(*name: object) -> str:
    """Return the UUIDv5 (RFC 9562) of `name`'s parts, joined by slashes, in our namespace."""
    text = "/".join(map(str, name)).encode()
    digest = hashlib.sha1(NAMESPACE + text, usedforsecurity=False).digest()
    return _uuid(int.from_bytes(digest[:16], "big"), version=5)


def minted(at_ms: int, chance: bytes) -> str:
    """Return a UUIDv7 (RFC 9562) of a Unix time in milliseconds and at least ten random bytes."""
    return _uuid((at_ms << 80) | int.from_bytes(chance[:10], "big"), version=7)


def of_decision(cause: EventId, processor: ProcessorName, step: int) -> EventId:
    """Return the id of the event at `step` of what `processor` decided from `cause`.

    The processor belongs to the name: two processors that decide from one cause must not collide.
    """
    return EventId(derived(cause, processor, step))


def of_position(topic: str, partition: int, offset: int) -> EventId:
    """Return the id of a record that came without one: the same on every read, in any language."""
    return EventId(derived(topic, partition, offset))


def _uuid(bits: int, version: int) -> str:
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | (version << 76) | (0x2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
