"""The events of a small world, on a topic of one partition, and a codec without a registry."""

import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from streams.errors import Undecodable
from streams.topics import Topic

TOPIC = Topic(name="aether.sessions.events", key="session", partitions=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """From outside; a body below zero is poison to the first decider."""

    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """From outside, under the grid's key: from here on the first decider adds this."""

    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Decided by the first decider."""

    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the effect found out about a Counted."""

    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """Decided by the second decider."""

    body: int


KINDS = (Told, Ruled, Counted, Looked, Summed)


class JsonCodec:
    """Events as JSON behind the five bytes of the wire format."""

    def encode(self, event: Any) -> bytes:
        return struct.pack(">bI", 0, KINDS.index(type(event))) + json.dumps(asdict(event)).encode()

    def kind_of(self, value: bytes | None) -> type | None:
        if value is None or len(value) < 5:
            raise Undecodable("no framing")
        return KINDS[struct.unpack(">bI", value[:5])[1]]

    def decode(self, value: bytes) -> Any:
        kind = self.kind_of(value)
        assert kind is not None
        try:
            return kind(**json.loads(value[5:]))
        except ValueError as exc:
            raise Undecodable(str(exc)) from exc

    def part(self, names: tuple[str, ...]) -> Callable[[bytes], Any]:
        """Read it all: nothing here is long."""
        return self.decode

    def ce_type(self, kind: type) -> str:
        return f"test.{kind.__name__}"
