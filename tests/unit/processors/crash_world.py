"""A small world in which the real runner is killed, frozen, woken up and cut off, by a seed.

One partition, two keys. Two deciders whose decisions depend on their state, on each other and on a
fact of the grid; an effect with a lane per key; poison of two sorts. Everything that takes time is
a step of a random walk, so that a run can be repeated from its seed.
"""

import asyncio
import json
import random
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from processors.batch import Batch
from processors.decisions import Deciding
from processors.effects import Performing
from processors.runner import Runner
from streams.dead_letters import OFFSET
from streams.decider import Decider, Projection
from streams.effects import EffectClass
from streams.envelope import CAUSATION, ID, Decision, Envelope, origin_of
from streams.errors import DeliveryFailed, Poison, Transient, Undecodable
from streams.ids import ProcessorName
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import Place, Snapshot, SnapshotFolder
from streams.io.wire import Author, Wire
from streams.ledger import Marks
from streams.log import Draft, Record
from streams.plain import Plain, text_of
from streams.topics import GRID_KEY, Topic

TOPIC = Topic(name="aether.sessions.events", key="session", partitions=1)
GROUP_PARTITION = 0


# -- events ---------------------------------------------------------------------------------------


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

    def ce_type(self, kind: type) -> str:
        return f"test.{kind.__name__}"


# -- deciders: nothing, one or two events, always depending on what came before ------------------


def count(state: int, cause: Envelope[Told], rule: int) -> tuple[Counted, ...]:
    body = cause.event.body
    if body < 0:
        raise Poison("below zero")
    turn = (state + body + rule) % 5
    if turn == 0:
        return ()
    return tuple(
        Counted(body=(state * 7 + body + step + rule) % 97) for step in range(1 + (turn == 1))
    )


def add(state: int, cause: Envelope[Any], _: None) -> tuple[Summed, ...]:
    turn = (state * 3 + cause.event.body + isinstance(cause.event, Looked)) % 4
    if turn == 0:
        return ()
    return tuple(
        Summed(body=(state * 5 + cause.event.body + step) % 89) for step in range(1 + (turn == 3))
    )


def remember(state: int, event: Counted | Summed) -> int:
    return (state * 31 + event.body + 1) % 1009


RULE: Projection[int, Ruled] = Projection(
    reads=(Ruled,), initial=0, evolve=lambda _, fact: fact.body
)
NO_RULE: Projection[None, Any] = Projection(reads=(), initial=None, evolve=lambda rule, _: rule)

COUNTER = Decider(
    name=ProcessorName("counter"),
    version=1,
    topic=TOPIC,
    reads=(Told,),
    writes=(Counted,),
    initial=0,
    decide=count,
    evolve=remember,
    grid=RULE,
)
ADDER = Decider(
    name=ProcessorName("adder"),
    version=1,
    topic=TOPIC,
    reads=(Told, Counted, Looked),
    writes=(Summed,),
    initial=0,
    decide=add,
    evolve=remember,
    grid=NO_RULE,
)


class Looking:
    """An effect that takes its time and now and then finds the world away."""

    name, version, topic = ProcessorName("looking"), 1, TOPIC
    reads: tuple[type, ...] = (Counted,)
    writes: tuple[type, ...] = (Looked,)
    depends_on: tuple[str, ...] = ("body",)
    safety = EffectClass.REPEATABLE
    batch_max = 2
    patience_s: float | None = None

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    async def perform(self, causes: Sequence[Envelope[Counted]]) -> Sequence[Looked]:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        return [Looked(body=cause.event.body % 10) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[Any], error: Transient) -> Looked:
        raise AssertionError("the world of this test comes back")


# -- the world -------------------------------------------------------------------------------------


class LossyLog(MemoryLog):
    """A client whose deliveries can be landed one by one, or fail for good.

    As with librdkafka's gapless guarantee, nothing that was sent after a failure lands.
    """

    broken = False

    def serve(self, timeout_s: float = 0.0) -> int:
        return 0  # the world decides what lands

    def land_one(self) -> None:
        draft, delivered = self.in_flight.popleft()
        if self.broken:
            delivered(DeliveryFailed("lost"))
        else:
            self.broker.land(draft)
            delivered(None)


class RememberedSnapshots(SnapshotFolder):
    """Snapshots as the text a folder would hold, without the files: they took a third of the time.

    What a folder does with its files is proven in its own tests.
    """

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self._texts: defaultdict[Place, dict[int, list[str]]] = defaultdict(dict)

    def save(self, place: Place, position: int, items: Iterable[Plain]) -> None:
        self._texts[place][position] = [text_of(item) for item in items]

    def load(self, place: Place, first: int, last: int) -> Snapshot | None:
        within = [at for at in self._texts[place] if first <= at <= last]
        if not within:
            return None
        return Snapshot(max(within), [json.loads(t) for t in self._texts[place][max(within)]])


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


# -- the check -------------------------------------------------------------------------------------


def faults(world: World) -> list[str]:
    """Say in what the log differs from one that was written without any disturbance.

    Every input, in the order of the log, is decided anew from what came before it; what the log
    holds, repeats dropped, must be exactly that.
    """
    found = _contradictions(world)
    for decider in (COUNTER, ADDER):
        found += _wrong_decisions(world, decider)
    return found + _wrong_outcomes(world)


def _contradictions(world: World) -> list[str]:
    contents: dict[bytes, tuple[bytes | None, bytes | None]] = {}
    places: dict[tuple[str, int, int], bytes] = {}
    found = []
    for record in world.records():
        head = dict(record.headers)
        event_id, decision = head.get(ID), origin_of(head, record.offset)
        if event_id is None:
            continue
        content = record.key, record.value
        if contents.setdefault(event_id, content) != content:
            found.append(f"two contents under the id of {record.offset}")
        if isinstance(decision, Decision):
            place = decision.processor, decision.cause.offset, decision.cause.step
            if places.setdefault(place, event_id) != event_id:
                found.append(f"two ids for the decision at {record.offset}")
    return found


def _wrong_decisions(world: World, decider: Decider[Any, Any, Any, Any]) -> list[str]:
    found, states, grid, marks = list[str](), dict[str, Any](), decider.grid.initial, Marks()
    written, parked = _written_by(world, decider), letters_at(world)
    for record in world.records():
        if marks.repeats(
            origin_of(dict(record.headers), record.offset), (record.key or b"").decode()
        ):
            continue
        expected: tuple[Any, ...] = ()
        try:
            cause = world.wire.open(record)
            kind = type(cause.event)
            if kind in decider.grid.reads:
                grid = decider.grid.evolve(grid, cause.event)
            if kind in decider.reads:
                expected = decider.decide(states.get(cause.key, decider.initial), cause, grid)
        except Poison:
            if record.offset not in parked:
                found.append(f"poison at {record.offset} is not parked")
        got = written.get(record.offset, [])
        if list(expected) != got:
            found.append(f"{decider.name} at {record.offset}: {got} instead of {expected}")
        if expected:
            states[cause.key] = decider.fold(expected, states.get(cause.key, decider.initial))
    return found


def _written_by(world: World, decider: Decider[Any, Any, Any, Any]) -> dict[int, list[Any]]:
    written, marks = dict[int, list[Any]](), Marks()
    for record in world.records():
        decision, key = origin_of(dict(record.headers), record.offset), (record.key or b"").decode()
        if not isinstance(decision, Decision) or decision.processor != decider.name:
            continue
        if marks.repeats(decision, key):
            continue
        written.setdefault(decision.cause.offset, []).append(world.wire.open(record).event)
    return written


def _wrong_outcomes(world: World) -> list[str]:
    marks, asked, answered = Marks(), dict[bytes, list[bytes]](), dict[bytes, list[bytes]]()
    for record in world.records():
        head, key = dict(record.headers), record.key or b""
        origin = origin_of(head, record.offset)
        if origin is None or marks.repeats(origin, key.decode()):
            continue
        if origin.processor == Looking.name:
            answered.setdefault(key, []).append(head[CAUSATION])
        elif origin.processor == COUNTER.name:
            asked.setdefault(key, []).append(head[ID])
    return [] if asked == answered else ["outcomes do not follow their requests, one for each"]


def letters_at(world: World) -> set[int]:
    """Return the offsets whose records were parked."""
    return {int(dict(letter.headers)[OFFSET]) for letter in world.letters()}
