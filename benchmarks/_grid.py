"""The memory half of a grid in this process: real runners, deciders and effects on a log in memory.

What is measured is what a worker does, event by event; only Kafka and the registry are not there.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from processors.batch import Batch
from processors.decisions import Deciding
from processors.effects import Effect, Performing
from processors.parts import Part
from processors.runner import Runner
from streams.ids import EventId, minted
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.standing import AnyDecider
from streams.io.wire import Author, Wire
from streams.topics import MEMORY, REGISTRY, SESSIONS, Topic
from tests.fakes import NumberedRegistry

TOPICS = (MEMORY, SESSIONS, REGISTRY)
STEP_S = 0.0005


class Grid:
    """A log of one partition a topic, and what is needed to run parts on it."""

    def __init__(self, folder: Path) -> None:
        self.log = MemoryLog(MemoryBroker({t.name: 1 for t in TOPICS}))
        codec = Codec(NumberedRegistry())
        for topic in TOPICS:
            codec.learn(topic, register=True)
        self.wire = Wire(codec, DirectoryStore(folder / "objects"))
        self._snapshots = SnapshotFolder(folder / "snapshots")

    def deciding(self, decider: AnyDecider) -> Part:
        """Return the part of a decider."""
        return Deciding(decider, self.wire, self._snapshots)

    def performing(self, effect: Effect) -> Part:
        """Return the part of an effect."""
        return Performing(effect, Author(self.wire, effect.name, effect.version))

    def offer(self, topic: Topic, key: str, event: Any) -> None:
        """Append an event from outside."""
        event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
        draft = self.wire.root(
            event, component="bench", topic=topic.name, key=key, event_id=event_id, at_ms=0
        )
        self.log.append([draft], lambda _: None)
        self.log.serve()

    def end(self, topic: Topic) -> int:
        """Return where the log of a topic ends now."""
        return self.log.span(topic.name, 0).end

    async def work(self, topic: Topic, parts: Sequence[Part], start: int) -> list[Any]:
        """Run parts from an offset on until nothing is left to do; return all events since."""
        runner = Runner(topic.name, self.log, self.wire, parts, self._snapshots)
        at = start
        while at < (end := self.end(topic)):
            for records in list(self.log.read(topic.name, 0, at, end)):
                done = asyncio.Event()
                batch = Batch(0, 1, records, records[-1].offset + 1, done.set)
                await runner.take(batch)
                while not done.is_set():
                    if runner.failure is not None:
                        raise runner.failure
                    self.log.serve()
                    await asyncio.sleep(STEP_S)
            at = end
        runner.reset()
        return [
            self.wire.open(record)
            for records in self.log.read(topic.name, 0, start, self.end(topic))
            for record in records
        ]
