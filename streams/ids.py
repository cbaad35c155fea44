"""Names of things, and how ids of events come about: minted at the edge, derived ever after.

A decision made twice has the same ids, because a derived id is a pure function of its cause.
"""

import hashlib
import re
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
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def derived(*name: object) -> str:
    """Return the UUIDv5 (RFC 9562) of `name`'s parts, joined by slashes, in our namespace."""
    return _derived("/".join(map(str, name)))


def minted(at_ms: int, chance: bytes) -> str:
    """Return a UUIDv7 (RFC 9562) of a Unix time in milliseconds and at least ten random bytes."""
    return _uuid(f"{at_ms:012x}{chance[:10].hex()}", version=7)


def of_decision(cause: EventId, processor: ProcessorName, step: int) -> EventId:
    """Return the id of the event at `step` of what `processor` decided from `cause`.

    The processor belongs to the name: two processors that decide from one cause must not collide.
    """
    return EventId(_derived(f"{cause}/{processor}/{step}"))


def of_position(topic: str, partition: int, offset: int) -> EventId:
    """Return the id of a record that came without one: the same on every read, in any language."""
    return EventId(derived(topic, partition, offset))


def of_source(source: str, said: str) -> EventId:
    """Return the id of what a source calls `said`, one and the same however often it is sent.

    CloudEvents' names are a source's own, ours are the whole log's: a UUID is both, and stays.
    """
    # Printable both, so that no other pair makes the same name.
    return EventId(said if _UUID.fullmatch(said) else derived(f"{source}\n{said}"))


def _derived(name: str) -> str:
    hashed = hashlib.sha1(NAMESPACE + name.encode(), usedforsecurity=False)
    return _uuid(hashed.hexdigest(), version=5)


def _uuid(digits: str, version: int) -> str:
    """Write 32 hexadecimal digits as a UUID, with version and variant in their places."""
    variant = VARIANT[digits[16]]
    return (
        f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}"
        f"-{variant}{digits[17:20]}-{digits[20:32]}"
    )


#: The digit that holds the variant: its two high bits become 10.
VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
