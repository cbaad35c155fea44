"""The composition of a worker: which processors it hosts, on which topics, with which adapters.

Wiring only; every adapter can be replaced by giving another.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from prometheus_client.registry import Collector

from processors.adapters.opened import Adapters
from processors.anomalies.metering import Metering
from processors.deciders import SNAPSHOTS_FOLDER
from processors.groups import group_of
from processors.metrics import WorkerMetrics, serve
from processors.models.calls import Calls
from processors.models.deadline import Deadline
from processors.models.dispatch import DISPATCH
from processors.observer.apart import Apart
from processors.observer.decider import OBSERVER
from processors.observer.indexing import RunIndexing
from processors.observer.metrics import LagMetrics
from processors.observer.watch import Watch
from processors.patience import patiently
from processors.recall.projection import IndexProjection
from processors.roles import INTAKE, MODELS, ROLES, World, intakes
from processors.runner import Runner
from processors.shell import Membership, Shell
from streams.errors import Misconfigured
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.doubt import Doubting
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.registry import ConfluentRegistry
from streams.io.run_index.index import open_database
from streams.io.settings import Settings
from streams.io.snapshots import SnapshotFolder
from streams.io.stores import open_store
from streams.io.wire import Wire
from streams.topics import OBSERVATIONS, TOPICS

#: Who reads this is the one that looks and measures, of all workers.
SEEN = (OBSERVATIONS.name, 0)
REGISTERED_WITHIN_S, REGISTERED_EVERY_S = 60.0, 0.2

#: Runs until it is told to stop.
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


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
        shell = Shell(self._membership(), runners, world.log, self._settings.worker_home)
        collectors: list[Collector] = [WorkerMetrics(runners, projection, lambda: shell.partitions)]
        works: list[Work] = [_after(projection.filled, shell.run) if projection else shell.run]
        if MODELS in self._roles:
            works.append(Calls(world.log, world.wire, self._adapters.breakers).run)
        if projection is not None:
            works.append(projection.run)
        if DISPATCH.name in self._roles:
            patience_s = self._settings.worker.node_patience_s
            works.append(Deadline(world.log, world.wire, patience_s).run)
        if OBSERVER.name in self._roles:
            works.append(Metering(world.log, world.wire, lambda: SEEN in shell.assigned).run)
            works.append(self._indexing(world, shell).run)
            watch = self._watch(world, shell)
            works.append(watch.run)
            collectors.append(LagMetrics(watch, kafka=self._settings.observer.kafka_metrics))
        serve(collectors, self._settings.ports.worker_metrics, self._settings.worker.metrics_host)
        try:
            await _together(works, stop)
        finally:
            await self._adapters.close()
            world.log.close()

    async def _open(self) -> World:
        settings = self._settings
        codec = Codec(Doubting(ConfluentRegistry(settings.registry_url)))

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
            SnapshotFolder(settings.worker_home / SNAPSHOTS_FOLDER),
        )

    def _indexing(self, world: World, shell: Shell) -> RunIndexing:
        database = open_database(self._settings)
        return RunIndexing(world.log, world.wire, database, lambda: SEEN in shell.assigned)

    def _watch(self, world: World, shell: Shell) -> Watch:
        wanted = self._settings.observer
        eye = Apart(self._settings.bootstrap, self._settings.kafka_options, wanted.ignored)
        return Watch(eye, world.log, world.wire, lambda: SEEN in shell.assigned, wanted.every_s)

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
    deadline: float | None = None
    while True:
        try:
            return await patiently(lambda: asyncio.to_thread(learn))
        except Misconfigured:  # from here on: until now there may have been no registry to ask
            deadline = deadline or time.monotonic() + REGISTERED_WITHIN_S
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
    seats += intakes(world) if INTAKE in roles else []
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


def _after(known: asyncio.Event, work: Work) -> Work:
    """Return work that begins once something is known: recall by half an index would be wrong."""

    async def run(stop: asyncio.Event) -> None:
        waiting = [asyncio.create_task(each.wait()) for each in (known, stop)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        if not stop.is_set():
            await work(stop)

    return run


async def _together(works: Sequence[Work], stop: asyncio.Event) -> None:
    """Run all of them until `stop` is set or one of them fails."""
    over = asyncio.Event()
    running = [asyncio.create_task(work(over)) for work in works]
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
    over.set()
    waiting.cancel()
    await asyncio.gather(*running)
