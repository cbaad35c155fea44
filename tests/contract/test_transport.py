"""One suite for every transport that a worker can stand on, chosen by its broker URL.

Whatever the URL: order, acknowledgement after delivery, commits without gaps, and rebalances that
lose nothing. What only our own transport promises is tested on it alone.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.types import TP

from processors.line import Entry
from processors.parts import Assignment, Desk, Part
from processors.shell import Raw
from processors.transport import Transport
from streams.dead_letters import OFFSET
from streams.envelope import Envelope, Head, Origin
from streams.ids import ProcessorName
from streams.io.kafka.commits import Commits, Reader
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.log import Delivered, Draft, Record
from streams.topics import Topic
from tests.contract.transport_members import PARTITIONS, Grounds, Member, numbering, until
from tests.unit.processors.toy_events import Told

pytestmark = pytest.mark.integration

BATCHES, SINGLY, STOCK = "rdkafka://{}?events=batch&batch=100", "rdkafka://{}", "aiokafka://{}"
OURS = [pytest.param(BATCHES, id="rdkafka-batches"), pytest.param(SINGLY, id="rdkafka")]
EVERY = [*OURS, pytest.param(STOCK, id="aiokafka")]


@pytest.fixture(params=EVERY)
def grounds(request: Any, kafka_bootstrap: str, tmp_path: Path) -> Iterator[Grounds]:
    made = Grounds(kafka_bootstrap, request.param.format(kafka_bootstrap), tmp_path)
    yield made
    made.log.close()


ours = pytest.mark.parametrize("grounds", OURS, indirect=True)


class Reluctant(KafkaLog):
    """Appends nothing before it is told to."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(bootstrap, PROCESSOR)
        self.held: list[tuple[Draft, Delivered]] = []
        self.willing = False

    def append(self, drafts: Sequence[Draft], delivered: Delivered) -> int:
        if self.willing:
            return super().append(drafts, delivered)
        self.held += [(draft, delivered) for draft in drafts]
        return len(drafts)

    def give_in(self, count: int) -> None:
        """Append the first of what is held."""
        for draft, delivered in self.held[:count]:
            assert super().append([draft], delivered) == 1
        del self.held[:count]


class Stuck:
    """A part that handles nothing while its gate is shut."""

    name = ProcessorName("stuck")
    reads = frozenset({Told})
    recalls: frozenset[type] = frozenset()

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.busy = False
        self.handled = 0
        self.since = 0

    def begin(self, desk: Desk, assignment: Assignment) -> "Stuck":
        return self

    def recall(self, record: Record, kind: type, head: Head, origin: Origin) -> None:
        pass

    async def handle(self, record: Record, cause: Envelope[Any], entry: Entry) -> None:
        await self.gate.wait()
        self.handled += 1

    def snapshot(self, position: int) -> None:
        pass

    def close(self) -> None:
        pass


def rising(count: int, keys: int = 16) -> dict[bytes, list[int]]:
    """Return what is decided when `count` inputs were told."""
    return {f"k{k}".encode(): [*range(1, count // keys + 1)] for k in range(keys)}


async def test_every_input_is_decided_once_and_in_order(grounds: Grounds) -> None:
    topic = grounds.topic()
    grounds.tell(topic, range(800))
    async with Member(grounds, topic):
        grounds.tell(topic, range(800))
        await grounds.considered(topic)
    assert grounds.numbers(topic) == rising(1600)


async def test_nothing_is_acknowledged_before_its_delivery(grounds: Grounds) -> None:
    topic, log = grounds.topic(), Reluctant(grounds.bootstrap)
    grounds.tell(topic, range(50), at=0)
    async with Member(grounds, topic, log=log) as member:
        await until(lambda: len(log.held) == 50)
        await member.shell.app.commit({topic.name})
        assert grounds.committed(topic) == {}
        log.give_in(49)
        await until(lambda: grounds.ends(topic) == {0: 99})
        await until(lambda: member.runners[0].in_flight == 1)
        await member.shell.app.commit({topic.name})
        assert grounds.committed(topic).get(0, 0) < 50, "one event singly, a batch not at all"
        log.willing = True
        log.give_in(1)
        await grounds.considered(topic)
    assert grounds.committed(topic) == {0: 100}


async def test_members_come_and_go_and_nothing_is_lost(grounds: Grounds) -> None:
    topic, enough = grounds.topic(), threading.Event()
    telling = asyncio.create_task(asyncio.to_thread(_tell_on, grounds, topic, enough))
    try:
        async with Member(grounds, topic, name="first") as first:
            async with Member(grounds, topic, name="second") as second:
                await until(
                    lambda: first.shell.partitions == second.shell.partitions == PARTITIONS // 2
                )
                async with Member(grounds, topic, name="third") as third:
                    await until(lambda: third.runners[0].tally.read > 0)
            await until(lambda: first.shell.partitions == PARTITIONS)
            enough.set()
            told = await telling
            await grounds.considered(topic)
    finally:
        enough.set()
    assert grounds.numbers(topic) == rising(told)


def _tell_on(grounds: Grounds, topic: Topic, enough: threading.Event) -> int:
    """Tell until there is enough; return how many were told."""
    told = 0
    while not enough.wait(0.2):
        grounds.tell(topic, range(160))
        told += 160
    return told


async def test_poison_is_parked_and_the_partition_moves_on(grounds: Grounds) -> None:
    topic = grounds.topic()
    grounds.tell(topic, [1, -1, 1], keys=1, at=2)
    async with Member(grounds, topic):
        await grounds.considered(topic)
    assert grounds.numbers(topic) == {b"k0": [1, 2]}
    (letter,) = grounds.records(topic.dead_letters)
    assert (letter.partition, dict(letter.headers)[OFFSET]) == (2, b"1")


# -- what our own transport promises ---------------------------------------------------------------


@ours
async def test_a_stuck_topic_does_not_stop_another(grounds: Grounds) -> None:
    """Faust's own driver puts into the full queue and waits, and everything else behind it."""
    busy, other, stuck = grounds.topic(), grounds.topic(), Stuck()

    def parts(topic: Topic, wire: Wire, snapshots: SnapshotFolder) -> Sequence[Part]:
        return [stuck] if topic is busy else numbering(topic, wire, snapshots)

    grounds.tell(busy, range(12_000))
    async with Member(grounds, busy, other, parts=parts):
        for turn in (1, 2):  # the second one comes when every queue is full
            grounds.tell(other, range(160))
            await until(lambda at=turn: grounds.numbers(other) == rising(160 * at))  # type: ignore[misc]
        assert stuck.handled == 0
        stuck.gate.set()
        await grounds.considered(busy, other)
    assert stuck.handled == 12_000
    assert grounds.numbers(other) == rising(320)


@ours
async def test_lost_partitions_are_never_committed(grounds: Grounds) -> None:
    """A member whose polling stands still is given up by the broker, and comes back."""
    topic, log = grounds.topic(), Reluctant(grounds.bootstrap)
    grounds.tell(topic, range(64))
    options = {"max.poll.interval.ms": "3000"}
    polling = threading.Event()
    async with Member(grounds, topic, log=log, options=options, name="slow") as slow:
        await until(lambda: len(log.held) == 64)
        slow.consumer._poller.submit(lambda _: polling.wait(60))
        async with Member(grounds, topic, name="other") as other:
            await until(lambda: other.shell.partitions == PARTITIONS)
            await grounds.considered(topic)
            grounds.tell(topic, range(64))
            await grounds.considered(topic)
            before = grounds.committed(topic)
            log.willing = True
            log.give_in(64)  # what the slow one thinks it still may write: the same, once more
            await until(lambda: slow.runners[0].in_flight == 0)
            polling.set()
            await until(lambda: slow.shell.partitions == other.shell.partitions == PARTITIONS // 2)
            await grounds.considered(topic)
        assert all(at >= before[p] for p, at in grounds.committed(topic).items())
    assert grounds.numbers(topic) == rising(128)


@pytest.mark.parametrize("grounds", OURS[1:], indirect=True)
async def test_commits_never_pass_a_gap(grounds: Grounds) -> None:
    """A plain Faust application gets our transport by its URL alone, and acknowledges at will."""
    topic = grounds.topic()
    grounds.tell(topic, range(3), at=1)
    app = faust.App(grounds.group, broker=grounds.broker, datadir=str(grounds.folder), **QUIET)
    events: list[Any] = []

    async def read(stream: Any) -> None:
        async for event in stream.noack().events():
            events.append(event)  # noqa: PERF401 - it never ends

    app.agent(app.topic(topic.name, schema=Raw()))(read)
    await app.start()
    try:
        assert isinstance(app.transport, Transport)
        await until(lambda: len(events) == 3)
        for acknowledged, committed in ((2, {}), (0, {1: 1}), (1, {1: 3})):
            events[acknowledged].ack()
            await app.commit({topic.name})
            assert grounds.committed(topic) == committed
    finally:
        await asyncio.wait_for(app.stop(), 20)


QUIET: dict[str, Any] = {
    "web_enabled": False,
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "stream_wait_empty": False,
    "consumer_auto_offset_reset": "earliest",
    "broker_commit_interval": 3600.0,
}


@ours
async def test_options_reach_librdkafka(grounds: Grounds) -> None:
    topic = grounds.topic()
    grounds.broker += ("&" if "?" in grounds.broker else "?") + "client.rack=by-url"
    async with Member(grounds, topic, options={"fetch.wait.max.ms": "77"}) as member:
        config = member.consumer._config()
    assert (config["client.rack"], config["fetch.wait.max.ms"]) == ("by-url", "77")


@ours
async def test_what_is_held_up_by_work_is_committed_again_where_it_stands(
    grounds: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processors.transport.consumer.SAID_S", 0.2)
    topic, stuck = grounds.topic(), Stuck()
    commits, reader = Commits(grounds.log), Reader(grounds.group, topic.name, 0)

    def working() -> bool:
        commits.listen(round(time.time() * 1000))
        return commits.works(reader)

    stuck.gate.set()
    async with Member(grounds, topic, parts=lambda *_: [stuck]) as member:
        grounds.tell(topic, range(10), at=0)
        await grounds.considered(topic)
        stuck.gate.clear()
        grounds.tell(topic, range(10), at=0)
        consumer: Any = member.shell.app.consumer
        await until(lambda: bool(consumer._delivered[TP(topic.name, 0)]))
        await asyncio.sleep(1)
        assert not working()
        stuck.busy = True
        await until(working)
        assert grounds.committed(topic) == {0: 10}
        stuck.gate.set()
        await grounds.considered(topic)
        assert not working()
    commits.close()
