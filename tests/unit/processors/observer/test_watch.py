"""The observer's eye writes down what is worth to be known, once, and knows it after a restart."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from processors.observer.metrics import LagMetrics
from processors.observer.watch import Told, Watch, moved
from streams.errors import BrokerAway
from streams.events.lag import LagSampled, Phase
from streams.io.codec import Codec
from streams.io.kafka.sampler import Look
from streams.io.kafka.survey import ClusterNow, PartitionNow, TopicNow
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Draft, Span
from streams.topics import OBSERVATIONS, PROBES
from tests.fakes import NumberedRegistry
from tests.golden.golden import FOLDER
from tests.unit.streams.lag.world import World

#: The memory log's clock counts from here, a millisecond a record.
AT_MS = 1_700_000_000_000
CLUSTER = ClusterNow(3, {"orders": TopicNow("first", {0: PartitionNow(Span(2, 9), 2, 3)})})


def look_of(*samples: LagSampled) -> Look:
    return Look(samples[0].at_ms, CLUSTER, samples)


def told(world: World, seconds: int, *pace: int) -> list[int]:
    """Return at which seconds samples were told, in a world that goes on like this."""
    began, teller = world.now_ms, Told()
    found = []
    for _ in range(seconds):
        world.second(*pace)
        found += [sample.at_ms for sample in teller.worth(look_of(world.sample()))]
    return [(at_ms - began) // 1000 for at_ms in found]


def test_a_group_that_moves_is_told_of_every_second() -> None:
    assert told(World(), 5, 50, 100) == [1, 2, 3, 4, 5]


def test_a_group_that_does_nothing_is_told_of_every_ten_seconds() -> None:
    assert told(World(), 35) == [1, 11, 21, 31]


def test_a_group_that_is_behind_is_told_of_every_second_though_it_does_nothing() -> None:
    world = World()
    world.produce(5)
    assert told(world, 5) == [1, 2, 3, 4, 5]


def test_what_was_seen_last_before_a_move_is_told_with_it() -> None:
    world, teller = World(), Told()

    def second() -> list[int]:
        world.second()
        return [s.at_ms for s in teller.worth(look_of(world.sample()))]

    first = [second() for _ in range(6)]
    assert first[1:] == [[]] * 5
    idle_ms = world.now_ms
    world.produce()
    assert second() == [idle_ms, world.now_ms]


def test_the_observations_themselves_move_nothing() -> None:
    sample = World().sample()
    topic = replace(sample.topics[0], topic=OBSERVATIONS.name)
    one = replace(sample, topics=(topic,))
    grown = replace(topic, partitions=(replace(topic.partitions[0], end=7),))
    assert not moved(one, replace(one, topics=(grown,)))
    assert moved(one, replace(one, phase=Phase.REBALANCING))
    assert moved(one, replace(one, members=7))


class Scripted:
    """An eye that sees a world, a second later every time, or finds the broker away."""

    def __init__(self, world: World, turns: int, done: Callable[[], object]) -> None:
        self._world = world
        self._left = turns
        self._done = done
        self.away = False
        self.closed = False

    def look(self) -> Look:
        self._left -= 1
        if self._left <= 0:
            self._done()
        if self.away:
            raise BrokerAway("gone")
        self._world.second(50, 30)
        return look_of(self._world.sample())

    def close(self) -> None:
        self.closed = True


class Home:
    """A log with the observations, and what reads it."""

    def __init__(self) -> None:
        codec = Codec(NumberedRegistry())
        for topic in (OBSERVATIONS, PROBES):
            codec.learn(topic, register=True)
        self.log = MemoryLog(MemoryBroker({OBSERVATIONS.name: 1, PROBES.name: 1}))
        self.wire = Wire(codec, DirectoryStore(FOLDER / "nowhere"))

    async def watched(self, world: World, turns: int, *, holds: bool = True) -> Watch:
        """Watch for some turns, deliveries being served in between."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        eye = Scripted(world, turns, lambda: loop.call_soon_threadsafe(stop.set))
        watch = Watch(eye, self.log, self.wire, lambda: holds, 0.001, lambda: AT_MS)

        async def serve() -> None:
            while not stop.is_set():
                self.log.serve()
                await asyncio.sleep(0)

        if not holds:
            loop.call_later(0.05, stop.set)
        await asyncio.gather(watch.run(stop), serve())
        self.log.flush(1)
        assert eye.closed
        return watch

    def samples(self) -> list[LagSampled]:
        records = self.log.broker.records[OBSERVATIONS.name, 0]
        return [sample.event for sample in self.wire.opened(records, (LagSampled,))]


async def test_what_was_seen_is_in_the_log_and_is_known() -> None:
    home, world = Home(), World()
    watch = await home.watched(world, 20)
    assert watch.known is not None
    assert 0 < len(home.samples()) <= 20
    assert watch.known.observed.lags == world.lags


async def test_what_was_known_survives_a_restart() -> None:
    home, world = Home(), World()
    await home.watched(world, 20)
    again = await home.watched(world, 1)
    assert again.known is not None
    group = again.known.observed.lags.groups.get(world.name)
    assert group is not None
    (window,) = group.windows
    assert window.complete == 1
    assert window.ring[0].since_ms < window.ring[-1].since_ms - 15_000


async def test_records_that_nobody_can_read_do_not_end_the_watch() -> None:
    home, world = Home(), World()
    home.log.broker.land(Draft(OBSERVATIONS.name, 0, b"k", b"not avro", []))
    await home.watched(world, 20)
    home.log.broker.land(Draft(OBSERVATIONS.name, 0, b"k", b"not avro", []))
    watch = await home.watched(world, 20)
    assert watch.known is not None
    assert watch.known.observed.lags == world.lags


async def test_a_worker_that_does_not_read_the_observations_does_not_look() -> None:
    home = Home()
    watch = await home.watched(World(), 1, holds=False)
    assert watch.known is None
    assert home.samples() == []
    assert list(LagMetrics(watch, kafka=True).collect()) == []


async def test_metrics_speak_kafka_exporters_dialect_unless_it_runs_itself() -> None:
    watch = await Home().watched(World(), 20)
    names = {metric.name for metric in LagMetrics(watch, kafka=True).collect()}
    ours = {name for name in names if name.startswith("aether_")}
    assert names - ours == {
        "kafka_brokers",
        "kafka_consumergroup_current_offset",
        "kafka_consumergroup_current_offset_sum",
        "kafka_consumergroup_lag",
        "kafka_consumergroup_lag_sum",
        "kafka_consumergroup_members",
        "kafka_topic_partition_current_offset",
        "kafka_topic_partition_in_sync_replica",
        "kafka_topic_partition_oldest_offset",
        "kafka_topic_partition_replicas",
        "kafka_topic_partition_under_replicated_partition",
        "kafka_topic_partitions",
    }
    assert ours == {
        "aether_probes_lost",
        "aether_probes_sent",
        "aether_consumergroup_lag_seconds",
        "aether_consumergroup_lag_seconds_max",
        "aether_consumergroup_status",
        "aether_lag_estimate_method",
        "aether_lag_sampled_timestamp_seconds",
        "aether_partition_status",
    }
    assert {metric.name for metric in LagMetrics(watch, kafka=False).collect()} == ours
