"""What can be asked for by name: a fold of the registry's topic, which is read from its start."""

import asyncio
import logging
import threading
from typing import Any

from streams.errors import Fatal, Poison, Transient
from streams.events.registry import CapabilityRegistered, CapabilityWithdrawn
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import REGISTRY

logger = logging.getLogger(__name__)

AUTOMATIC = "aether"
TAKE_S = 0.5
PAUSE_S = 1.0


class Capabilities:
    """The capabilities registered so far, kept up to date by a thread."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self._log = log
        self._wire = wire
        self._known: dict[str, tuple[int, str]] = {}  # name: (registered at, model)
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow-registry", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    async def close(self) -> None:
        """Stop following."""
        self._halt.set()
        await asyncio.to_thread(self._thread.join)

    def listed(self) -> list[dict[str, Any]]:
        """Return them as OpenAI lists models: first the one that routes by meaning."""
        names = {AUTOMATIC: 0}
        for name, (at_ms, model) in sorted(self._known.items()):
            names |= {name: at_ms // 1000, model: at_ms // 1000}
        return [
            {"id": name, "object": "model", "created": created, "owned_by": AUTOMATIC}
            for name, created in names.items()
        ]

    def _run(self) -> None:
        places: dict[tuple[str, int], int] = {}
        while not self._halt.is_set():
            try:
                places = places or self._starts()
                follower = self._log.follow(places)
                try:
                    while not self._halt.is_set():
                        for record in follower.take(TAKE_S):
                            self._learn(record)
                            places = {**places, (record.topic, record.partition): record.offset + 1}
                finally:
                    follower.close()
            except Transient as error:
                logger.warning("waiting", extra={"error": str(error)})
            except Fatal as error:  # truncated below us, or not yet created: begin anew
                logger.warning("following anew", extra={"error": str(error)})
                places = {}
            self._halt.wait(PAUSE_S)

    def _starts(self) -> dict[tuple[str, int], int]:
        count = self._log.partitions(REGISTRY.name)
        return {(REGISTRY.name, p): self._log.span(REGISTRY.name, p).first for p in range(count)}

    def _learn(self, record: Record) -> None:
        try:
            kind = self._wire.codec.kind_of(record.value)
            if kind not in (CapabilityRegistered, CapabilityWithdrawn):
                return
            envelope = self._wire.open(record)
        except Poison:
            return
        others = {name: known for name, known in self._known.items() if name != envelope.key}
        if kind is CapabilityRegistered:
            others[envelope.key] = envelope.recorded_at_ms, envelope.event.card.model
        self._known = others
