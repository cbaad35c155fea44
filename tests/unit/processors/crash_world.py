"""A small world in which the real runner is killed, frozen, woken up and cut off, by a seed.

One partition, two keys, poison of two sorts. Everything that takes time is a step of a random walk,
so that a run can be repeated from its seed.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processors.batch import Batch
from processors.decisions import Deciding
from processors.effects import Performing
from processors.runner import Runner
from streams.io.memory_log import MemoryBroker
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Author, Wire
from streams.log import Draft, Record
from streams.topics import GRID_KEY
from tests.unit.processors.lossy_log import LossyLog
from tests.unit.processors.remembered_snapshots import RememberedSnapshots
from tests.unit.processors.toy_events import TOPIC, JsonCodec, Ruled, Told
from tests.unit.processors.toy_parts import ADDER, COUNTER, Looking

GROUP_PARTITION = 0


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


#: Builds the runner of a worker; mutants replace it.
MakeRunner = Callable[["World", LossyLog], Runner]


class Worker:
    """A process of the group: a runner, where it reads, and what it may commit."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.generation = world.generation
        self.log = LossyLog(world.broker)
        self.runner = world.make_runner(world, self.log)
        self.position = world.committed
        self.acknowledged: dict[int, int] = {}
        self.task: asyncio.Task[None] | None = None

    async def step(self) -> None:
        """Let the event loop turn; feed the next batch if the last one was taken."""
        if self.task is not None and self.task.done():
            self.task = None
        if self.task is None and self.runner.failure is None:
            end = self.world.end()
            if self.position < end:
                start = self.position
                self.position = min(end, start + self.world.chance.randint(1, 4))
                records = self.world.records()[start : self.position]
                self.task = asyncio.create_task(self._feed(start, records))
        await asyncio.sleep(0)

    async def _feed(self, start: int, records: list[Record]) -> None:
        position = start + len(records)

        def acknowledge() -> None:
            self.acknowledged[start] = position

        wanted = [record for record in records if self.runner.wants(record.value)]
        await self.runner.take(
            Batch(GROUP_PARTITION, self.generation, wanted, position, acknowledge)
        )

    def commit(self) -> None:
        if self.generation == self.world.generation:  # a superseded member's commit is refused
            while self.world.committed in self.acknowledged:
                self.world.committed = self.acknowledged[self.world.committed]

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.runner.reset()


class World:
    """The broker, the group and everything that can go wrong."""

    def __init__(self, seed: int, folder: Path, make_runner: MakeRunner) -> None:
        self.chance = random.Random(seed)
        self.make_runner = make_runner
        self.broker = MemoryBroker({TOPIC.name: 1, TOPIC.dead_letters: 1})
        self.wire = Wire(JsonCodec(), DirectoryStore(folder / "objects"))
        self.snapshots = RememberedSnapshots()
        self.generation = 0
        self.committed = 0
        self.outside = self._outside()
        self.happened: dict[str, int] = {}

    def records(self) -> list[Record]:
        return self.broker.records[TOPIC.name, 0]

    def letters(self) -> list[Record]:
        return self.broker.records[TOPIC.dead_letters, 0]

    def end(self) -> int:
        return len(self.records())

    async def run(self, crashes: int, steps: int = 4_000) -> None:
        """Walk at random until everything is told and considered; at the end nothing crashes."""
        worker, frozen = Worker(self), list[Worker]()
        for step in range(steps * 10):
            worker = await self._one_step(worker, frozen, crashes > 0 and step < steps)
            if crashes and self.happened.get("crashes", 0) >= crashes:
                crashes = 0
            if step >= steps:
                for sleeper in frozen:
                    sleeper.stop()
                frozen.clear()
            if not self.outside and not frozen and self.committed == self.end():
                break
        else:
            raise AssertionError(f"never finished: {self.committed} of {self.end()}")
        worker.stop()
        await asyncio.sleep(0)

    async def _one_step(self, worker: Worker, frozen: list[Worker], crashing: bool) -> Worker:
        dice = self.chance.random()
        if worker.runner.failure is not None or (crashing and dice > 0.985):
            return await self._crash(worker, frozen)
        if self.outside and dice < 0.08:
            self.broker.land(self.outside.pop(0))
        elif frozen and dice < 0.20:
            await self._half_awake(frozen)
        elif dice < 0.55:
            await worker.step()
        elif dice < 0.9:
            self._land(worker, crashing)
        else:
            worker.commit()
        return worker

    def _land(self, worker: Worker, crashing: bool) -> None:
        if worker.log.in_flight:
            if crashing and self.chance.random() < 0.01:
                worker.log.broken = True
                self._note("lost deliveries")
            worker.log.land_one()

    async def _half_awake(self, frozen: list[Worker]) -> None:
        sleeper = self.chance.choice(frozen)
        if self.chance.random() < 0.05:
            sleeper.stop()
            frozen.remove(sleeper)
        elif sleeper.log.in_flight and self.chance.random() < 0.6:
            sleeper.log.land_one()
        else:
            await sleeper.step()
            sleeper.commit()

    async def _crash(self, worker: Worker, frozen: list[Worker]) -> Worker:
        self._note("crashes")
        kind = "kill" if worker.runner.failure else self.chance.choice(["kill", "freeze", "leave"])
        self._note(kind)
        if kind == "freeze":
            frozen.append(worker)
        else:
            if kind == "leave":
                await worker.runner.release(grace_s=0.0)
                worker.commit()
            worker.stop()
            for _ in range(self.chance.randint(0, len(worker.log.in_flight))):
                worker.log.land_one()  # the broker had received it
        self.generation += 1
        return Worker(self)

    def _note(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1

    def _outside(self) -> list[Draft]:
        drafts = []
        for _ in range(24):
            key, dice = self.chance.choice([b"x", b"y"]), self.chance.random()
            if dice < 0.08:
                value: bytes = b"\0\0\0\0\0{junk"
            elif dice < 0.16:
                value = self.wire.codec.encode(Told(body=-1))
            elif dice < 0.24:
                key = GRID_KEY.encode()
                value = self.wire.codec.encode(Ruled(body=self.chance.randrange(5)))
            else:
                value = self.wire.codec.encode(Told(body=self.chance.randrange(50)))
            drafts.append(Draft(TOPIC.name, 0, key, value, []))
        return drafts


def make_runner(world: World, log: LossyLog) -> Runner:
    """Return the runner as it is."""
    return assemble(world, log)


def assemble(
    world: World,
    log: LossyLog,
    runner: type[Runner] = Runner,
    deciding: type[Deciding] = Deciding,
    author: type[Author] = Author,
) -> Runner:
    """Return a runner of the given make over the two deciders and the effect."""

    parts = [deciding(d, world.wire, world.snapshots) for d in (COUNTER, ADDER)]
    for part in parts:
        part.author = author(world.wire, part.name, 1)
    looking = Looking(world.chance)
    effect = Performing(looking, author(world.wire, looking.name, 1), width=2, backlog=4)
    return runner(
        TOPIC.name,
        log,
        world.wire,
        [*parts, effect],
        world.snapshots,
        snapshot_every=10,
        offload=at_once,
    )
