"""Fills the memory index from the log, partition by partition, and remembers how far it is.

Beside it follows which weights are in force: the registry's topic is short, and read whole.

Only what is durable in the index is passed over after a restart; what is read twice is put twice,
which changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from processors.patience import patiently
from processors.recall.library import Library
from processors.recall.ports import Entry, Memory
from processors.recall.ranking import Weights, adopted
from streams.errors import Poison, Transient
from streams.events.memory import (
    MemoryExpired,
    MemoryForgotten,
    MemoryPerceived,
    MemorySuperseded,
)
from streams.events.registry import RecallWeightsAdopted
from streams.ids import MemoryId, ScopeId
from streams.io.wire import Wire
from streams.log import EventLog, Follower, Record
from streams.scopes import GRID
from streams.topics import MEMORY, REGISTRY

logger = logging.getLogger(__name__)

#: What an index has to know of; the others repeat it, or say what comes of it.
CHANGES = {
    MemoryPerceived,
    MemorySuperseded,
    MemoryForgotten,
    MemoryExpired,
    RecallWeightsAdopted,
}
#: Every request asks the grid's own scope.
WARM = (GRID,)
KEEP_S = 1.0
TAKE_S = 0.2


class Progress(NamedTuple):
    """How far the index is: the offsets read up to, and how many memories were put.

    `registry` is the offset up to which the weights are known.
    """

    positions: Mapping[int, int]
    put: int
    registry: int = 0


class IndexProjection:
    """Follows every partition of the memory topic: each index is a whole one."""

    def __init__(self, log: EventLog, wire: Wire, library: Library) -> None:
        self._log = log
        self._wire = wire
        self._library = library
        self._kept_at = 0.0
        self.progress = Progress({}, 0)
        #: Set once the index knows what the log held when this began.
        self.filled = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set."""
        starts = await patiently(self._starts, told=_told)
        await patiently(lambda: self._library.warm(WARM), told=_told)
        weights = await asyncio.to_thread(self._log.span, REGISTRY.name, 0)
        follower = self._log.follow(
            {
                (REGISTRY.name, 0): weights.first,
                **{(MEMORY.name, p): at for p, at in starts.items()},
            }
        )
        self.progress = Progress(starts, 0)
        ends = await patiently(self._ends, told=_told)
        try:
            while not stop.is_set():
                if all(self.progress.positions[p] >= end for p, end in ends.items()):
                    self.filled.set()
                await self._turn(follower)
        finally:
            await asyncio.to_thread(follower.close)
            await self._keep()

    async def catch_up(self) -> int:
        """Read everything the log holds now, and return how many memories that were."""
        stop = asyncio.Event()
        running = asyncio.create_task(self.run(stop))
        ends = await self._ends()
        weights = self._log.span(REGISTRY.name, 0).end
        while not running.done() and (
            self.progress.registry < weights
            or any(self.progress.positions.get(p, 0) < end for p, end in ends.items())
        ):
            await asyncio.sleep(0.02)
        stop.set()
        await running
        return self.progress.put

    async def _partitions(self) -> range:
        return range(await asyncio.to_thread(self._log.partitions, MEMORY.name))

    async def _ends(self) -> dict[int, int]:
        log = self._log
        return {
            partition: (await asyncio.to_thread(log.span, MEMORY.name, partition)).end
            for partition in await self._partitions()
        }

    async def _starts(self) -> dict[int, int]:
        known = await self._library.index.positions()
        starts = {}
        for partition in await self._partitions():
            first = (await asyncio.to_thread(self._log.span, MEMORY.name, partition)).first
            starts[partition] = max(first, known.get(partition, first))
        return starts

    async def _turn(self, follower: Follower) -> None:
        records = await patiently(lambda: asyncio.to_thread(follower.take, TAKE_S), told=_told)
        changes = await patiently(lambda: asyncio.to_thread(self._changes, records), told=_told)
        memories = [change for change in changes if isinstance(change, Memory)]
        for scope, gone in _gone(changes).items():
            await patiently(partial(self._library.remove, scope, gone), told=_told)
        if memories:
            await patiently(lambda: self._library.put(memories), told=_told)
        for change in changes:
            if isinstance(change, Weights):
                self._library.by = change
        places = follower.positions()
        positions = {p: at for (topic, p), at in places.items() if topic == MEMORY.name}
        moved = positions != self.progress.positions
        self.progress = Progress(
            positions, self.progress.put + len(memories), places[REGISTRY.name, 0]
        )
        if moved and time.monotonic() - self._kept_at > KEEP_S:
            await self._keep()

    async def _keep(self) -> None:
        positions = self.progress.positions
        await patiently(lambda: self._library.index.keep(positions), told=_told)
        self._kept_at = time.monotonic()

    def _changes(self, records: Sequence[Record]) -> "list[Change]":
        """Decode what concerns an index. Raises RegistryAway and StoreAway."""
        found = map(self._change, records)
        return [change for change in found if change is not None]

    def _change(self, record: Record) -> "Change | None":
        try:
            if self._wire.codec.kind_of(record.value) not in CHANGES:
                return None
            envelope = self._wire.open(record)
        except Poison:
            return None  # the runner of this topic parks it
        event, scope = envelope.event, ScopeId(envelope.key)
        if isinstance(event, RecallWeightsAdopted):
            return adopted(event)
        if not isinstance(event, MemoryPerceived):
            return Gone(scope, event.memory_id)
        entry = Entry(
            event.memory_id,
            scope,
            event.content,
            event.place,
            event.since_ms,
            event.expires_at_ms,
            event.offered_by,
        )
        return Memory(entry, event.encoder, event.vector)


class Gone(NamedTuple):
    """A memory that is recalled no more."""

    scope: ScopeId
    memory_id: MemoryId


Change = Memory | Gone | Weights


def _gone(changes: Sequence[Change]) -> dict[ScopeId, list[MemoryId]]:
    found: dict[ScopeId, list[MemoryId]] = {}
    for change in changes:
        if isinstance(change, Gone):
            found.setdefault(change.scope, []).append(change.memory_id)
    return found


def _told(error: Transient) -> None:
    logger.warning("waiting", extra={"error": str(error), "topic": MEMORY.name})
