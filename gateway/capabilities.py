"""What can be asked for by name: a fold of the registry's topic, which is read from its start."""

from typing import Any

from gateway.followed import Followed
from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.registry import (
    CapabilityPerceived,
    CapabilityRegistered,
    CapabilityWithdrawn,
)
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import REGISTRY

AUTOMATIC = "aether"


class Capabilities:
    """The capabilities registered so far, kept up to date by a thread."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self.followed = Followed(log, REGISTRY, self._learn)
        self._wire = wire
        self._known: dict[str, tuple[int, str]] = {}  # name: (registered at, model)
        self._encoders: dict[str, int] = {}  # what embeds, by its name: known since

    def listed(self) -> list[dict[str, Any]]:
        """Return them as OpenAI lists models: first the one that routes by meaning."""
        names = {AUTOMATIC: 0, **self._encoders}
        for name, (at_ms, model) in sorted(self._known.items()):
            names |= {name: at_ms // 1000, model: at_ms // 1000}
        return [
            {"id": name, "object": "model", "created": created, "owned_by": AUTOMATIC}
            for name, created in names.items()
        ]

    def _learn(self, record: Record) -> None:
        try:
            kind = self._wire.codec.kind_of(record.value)
            if kind not in (CapabilityRegistered, CapabilityWithdrawn, CapabilityPerceived):
                return
            envelope: Envelope[Any] = self._wire.open(record)
        except Poison:
            return
        event, at_ms = envelope.event, envelope.recorded_at_ms
        if isinstance(event, CapabilityPerceived):
            name = event.encoder.partition("@")[0]  # what follows are its weights
            self._encoders = {name: at_ms // 1000, **self._encoders}
            return
        others = {name: known for name, known in self._known.items() if name != envelope.key}
        if isinstance(event, CapabilityRegistered):
            others[envelope.key] = at_ms, event.card.model
        self._known = others
