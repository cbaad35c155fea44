"""The runner on a log that lands what is appended, for tests of what stands between."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from processors.batch import Batch, Filling
from processors.effects import NEVER, Ended, Performing
from processors.parts import Part
from processors.runner import Runner
from streams.effects import EffectClass
from streams.envelope import CORRELATION, Envelope
from streams.errors import Poison, Transient
from streams.ids import ProcessorName
from streams.io.wire import Author
from streams.log import Draft, Record
from tests.unit.processors.crash_world import World, at_once, make_runner
from tests.unit.processors.lossy_log import LossyLog
from tests.unit.processors.toy_events import TOPIC, Counted, Looked


class Watched:
    """An effect whose calls a test opens one by one; a body below zero is poison."""

    name, version, topic = ProcessorName("looking"), 1, TOPIC
    reads: tuple[type, ...] = (Counted,)
    writes: tuple[type, ...] = (Looked,)
    depends_on: tuple[str, ...] = ("body",)
    safety = EffectClass.REPEATABLE
    patience_s: float | None = None

    def __init__(self, batch_max: int = 1) -> None:
        self.batch_max = batch_max
        self.calls: list[list[int]] = []
        self.gates: dict[int, asyncio.Future[None]] = {}
        self.inside = self.widest = 0
        self.away = False

    async def perform(self, causes: Sequence[Envelope[Counted]]) -> Sequence[Looked]:
        bodies = [cause.event.body for cause in causes]
        self.calls.append(bodies)
        self.inside += 1
        self.widest = max(self.widest, self.inside)
        try:
            for gate in [self.gates[body] for body in bodies if body in self.gates]:
                await gate
            if self.away:
                raise Transient("away")
            if min(bodies) < 0:
                raise Poison("below zero")
        finally:
            self.inside -= 1
        return [Looked(body=body) for body in bodies]

    @staticmethod
    def give_up(cause: Envelope[Any], error: Transient) -> Looked:
        return Looked(body=-cause.event.body)

    def shut(self, *bodies: int) -> None:
        for body in bodies:
            self.gates[body] = asyncio.get_running_loop().create_future()


class Desk:
    """A runner over one partition, fed by hand."""

    def __init__(
        self,
        folder: Path,
        *parts: Any,
        width: int = 2,
        backlog: int = 100,
        takes: Callable[[Any], bool] = lambda _: True,
        ended: Ended = NEVER,
    ) -> None:
        self.takes = takes
        self.ended = ended
        self.world = World(1, folder, make_runner)
        self.log = LossyLog(self.world.broker)
        self.acknowledged: list[int] = []
        made = [self._part(part, width, backlog) for part in parts]
        self.runner = Runner(
            TOPIC.name, self.log, self.world.wire, made, self.world.snapshots, offload=at_once
        )
        self.position = 0

    def _part(self, part: Any, width: int, backlog: int) -> Part:
        if not isinstance(part, Watched):
            return part  # type: ignore[no-any-return]
        author = Author(self.world.wire, part.name, part.version)
        return Performing(part, author, width, backlog, self.takes, self.ended)

    def tell(self, *events: Any, key: str = "x", run: str = "", value: bytes | None = None) -> None:
        head = [(CORRELATION, run.encode())] if run else []
        for event in events:
            encoded = self.world.wire.codec.encode(event) if value is None else value
            self.world.broker.land(Draft(TOPIC.name, 0, key.encode(), encoded, head))

    async def take(self, generation: int = 0, filled: Filling | None = None) -> None:
        records = self.world.records()[self.position :]
        self.position = position = self.world.end()
        done = self.acknowledged.append
        batch = Batch(0, generation, records, position, lambda: done(position))
        await self.runner.take(batch, filled)

    async def turn(self, times: int = 30) -> None:
        """Let everything go on that can."""
        for _ in range(times):
            await asyncio.sleep(0)
            while self.log.in_flight:
                self.log.land_one()

    async def work(self, *events: Any, run: str = "") -> None:
        """Tell, take, and let everything go on that can."""
        self.tell(*events, run=run)
        await self.take()
        await self.turn()

    def looked(self) -> list[int]:
        return [
            self.world.wire.open(r).event.body
            for r in self.world.records()
            if self.world.wire.codec.kind_of(r.value) is Looked
        ]

    def letters(self) -> list[Record]:
        return self.world.letters()
