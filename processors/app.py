"""The composition of a worker: which processors it hosts, on which topics, with which adapters.

Wiring only; every adapter can be replaced by giving another.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from processors.adapters.chunks import TopicChunks
from processors.adapters.opened import Adapters
from processors.adapters.past import Past
from processors.adapters.topics import KafkaTopics
from processors.decisions import Deciding
from processors.effects import Effect, Performing
from processors.groups import group_of
from processors.links import Link, Linking
from processors.memory.decider import MEMORY_DECIDER
from processors.memory.turns import TURNS
from processors.metrics import WorkerMetrics, serve
from processors.models.effect import Inferring
from processors.orchestrator.decider import ORCHESTRATOR
from processors.parts import Part
from processors.patience import patiently
from processors.perception.effect import PerceiveCapabilities, PerceiveMemories, PerceiveRequests
from processors.perception.gathering import Gathered
from processors.recall.effect import Recalling
from processors.recall.projection import IndexProjection
from processors.registry.adoption import ADOPTION
from processors.registry.decider import REGISTRY_DECIDER
from processors.router.decider import ROUTER
from processors.runner import Runner
from processors.shell import Membership, Shell
from processors.subscriptions.decider import SUBSCRIBER
from processors.subscriptions.links import ANNOUNCING, DELIVERY
from processors.subscriptions.matcher import MATCHER
from processors.subscriptions.opening import Opening
from processors.tuner.comparing import Comparing
from processors.tuner.decider import TUNER
from processors.tuner.hearing import Hearing
from processors.tuner.links import RELEASE, TEACHING
from processors.tuner.releasing import Releasing
from processors.tuner.training import Training
from streams.errors import Misconfigured
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.registry import ConfluentRegistry
from streams.io.settings import Settings
from streams.io.snapshots import SnapshotFolder
from streams.io.standing import AnyDecider
from streams.io.stores import open_store
from streams.io.wire import Author, Wire
from streams.log import EventLog
from streams.topics import TOPICS, Topic

SNAPSHOTS_FOLDER = "snapshots"
#: Calls to models that may be out at once; texts and searches are quick and need fewer.
MODEL_WIDTH = 256
REGISTERED_WITHIN_S, REGISTERED_EVERY_S = 60.0, 0.2

DECIDERS: tuple[AnyDecider, ...] = (
    ROUTER,
    ORCHESTRATOR,
    MEMORY_DECIDER,
    REGISTRY_DECIDER,
    TUNER,
    SUBSCRIBER,
    MATCHER,
)
LINKS: tuple[Link, ...] = (ADOPTION, TURNS, TEACHING, RELEASE, ANNOUNCING, DELIVERY)


class World(NamedTuple):
    """What every part of a worker is made from."""

    settings: Settings
    log: EventLog
    wire: Wire
    adapters: Adapters
    snapshots: SnapshotFolder


class Seat(NamedTuple):
    """A part and the topic it reads."""

    topic: Topic
    part: Part


Make = Callable[[World], Seat]


def _deciding(decider: AnyDecider) -> Make:
    def make(world: World) -> Seat:
        return Seat(decider.topic, Deciding(decider, world.wire, world.snapshots))

    return make


def _linking(link: Link) -> Make:
    def make(world: World) -> Seat:
        author = Author(world.wire, link.name, link.version)
        return Seat(link.topic, Linking(link, author, world.log.partitions))

    return make


def _performing(open_effect: Callable[[World], Effect], width: int = 64) -> Make:
    def make(world: World) -> Seat:
        effect = open_effect(world)
        author = Author(world.wire, effect.name, effect.version)
        return Seat(effect.topic, Performing(effect, author, width))

    return make


#: Every role a worker can have, and the parts it consists of.
ROLES: Mapping[str, Sequence[Make]] = {
    **{decider.name: (_deciding(decider),) for decider in DECIDERS},
    **{link.name: (_linking(link),) for link in LINKS},
    "perception": (
        _performing(lambda world: PerceiveRequests(Gathered(world.adapters.encoder))),
        _performing(lambda world: PerceiveMemories(world.adapters.encoder)),
        _performing(lambda world: PerceiveCapabilities(world.adapters.encoder)),
    ),
    "opening": (
        _performing(lambda world: Opening(world.adapters.encoder, KafkaTopics(world.settings)), 1),
    ),
    "hearing": (_performing(lambda world: Hearing(Past(world.log, world.wire))),),
    "training": (
        _performing(lambda world: Training(Past(world.log, world.wire)), 1),
        _performing(lambda world: Comparing(Past(world.log, world.wire)), 1),
        _performing(lambda world: Releasing(Past(world.log, world.wire)), 1),
    ),
    "recall": (
        _performing(lambda world: Recalling(world.adapters.library, world.adapters.encoder)),
    ),
    "models": (
        _performing(
            lambda world: Inferring(
                world.adapters.models, TopicChunks(world.log, world.wire), world.adapters.budgets
            ),
            MODEL_WIDTH,
        ),
    ),
}


class Worker:
    """A process that hosts some roles as one member of one group."""

    def __init__(
        self,
        settings: Settings,
        roles: Sequence[str] = (),
        adapters: Adapters | None = None,
        runner: type[Runner] = Runner,
    ) -> None:
        self._settings = settings
        self._roles = _checked(roles or tuple(ROLES))
        self._adapters = adapters or Adapters(settings)
        self._runner = runner

    @property
    def group(self) -> str:
        """The consumer group: that of the whole grid, or one for these roles."""
        whole = set(self._roles) == set(ROLES)
        return self._settings.worker.group if whole else group_of(self._roles)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises what makes going on wrong."""
        world = await self._open()
        runners = _runners(world, self._roles, self._runner)
        projection = None
        if "recall" in self._roles:
            projection = IndexProjection(world.log, world.wire, self._adapters.library)
        shell = Shell(self._membership(), runners, world.log, self._settings.data_dir)
        metrics = WorkerMetrics(runners, projection, lambda: shell.partitions)
        serve(metrics, self._settings.ports.worker_metrics, self._settings.worker.metrics_host)
        try:
            await _together(shell, projection, stop)
        finally:
            await self._adapters.close()
            world.log.close()

    async def _open(self) -> World:
        settings = self._settings
        codec = Codec(ConfluentRegistry(settings.registry_url))

        def learn() -> None:
            for topic in TOPICS:
                codec.learn(topic)

        await _learned(learn)
        store = open_store(settings)
        wire = Wire(codec, store, settings.node)
        return World(
            settings,
            ArchivedLog(
                KafkaLog(settings.bootstrap, PROCESSOR, settings.kafka_options), wire, store
            ),
            wire,
            self._adapters,
            SnapshotFolder(settings.data_dir / SNAPSHOTS_FOLDER),
        )

    def _membership(self) -> Membership:
        worker = self._settings.worker
        query = "?events=batch" if worker.transport == "rdkafka" else ""
        return Membership(
            group=self.group,
            broker=f"{worker.transport}://{self._settings.bootstrap}{query}",
            options=self._settings.kafka_options,
            session_s=worker.session_s,
            heartbeat_s=worker.heartbeat_s,
        )


async def _learned(learn: Callable[[], None]) -> None:
    """Learn the schemas; whoever registers them may just be about to."""
    deadline = time.monotonic() + REGISTERED_WITHIN_S
    while True:
        try:
            return await patiently(lambda: asyncio.to_thread(learn))
        except Misconfigured:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(REGISTERED_EVERY_S)


def _checked(roles: Sequence[str]) -> tuple[str, ...]:
    wrong = sorted(set(roles) - set(ROLES))
    if wrong:
        raise Misconfigured(
            f"there is no role {', '.join(wrong)}", fix=f"roles are {', '.join(sorted(ROLES))}"
        )
    return tuple(roles)


def _runners(world: World, roles: Sequence[str], make: type[Runner]) -> list[Runner]:
    """Return one runner per topic, with every part of these roles that reads it."""
    seats = [make(world) for role in roles for make in ROLES[role]]
    topics = dict.fromkeys(seat.topic.name for seat in seats)
    every = world.settings.worker.snapshot_every
    return [
        make(
            topic,
            world.log,
            world.wire,
            [seat.part for seat in seats if seat.topic.name == topic],
            world.snapshots,
            snapshot_every=every,
        )
        for topic in topics
    ]


async def _together(shell: Shell, projection: IndexProjection | None, stop: asyncio.Event) -> None:
    """Run both until `stop` is set or one of them fails."""
    over = asyncio.Event()
    works = [asyncio.create_task(shell.run(over))]
    if projection is not None:
        works.append(asyncio.create_task(projection.run(over)))
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([*works, waiting], return_when=asyncio.FIRST_COMPLETED)
    over.set()
    waiting.cancel()
    await asyncio.gather(*works)
