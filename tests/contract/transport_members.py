"""Members of a group for the transport's contract: real shells and runners, on topics of their own.

The decider numbers what it is told per key, so that a loss, a repeat, a swap and a wrong state all
show in the numbers.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from processors.decisions import Deciding
from processors.parts import Part
from processors.runner import Runner
from processors.shell import Membership, Shell
from streams.decider import Decider
from streams.envelope import ID, Envelope
from streams.errors import Poison
from streams.ids import ProcessorName
from streams.io.kafka.groups import Groups
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.log import Draft, EventLog, Record
from streams.topics import Topic
from tests.unit.processors.toy_events import Counted, JsonCodec, Told
from tests.unit.processors.toy_parts import NO_RULE

WITHIN_S = 60.0
#: Faust's own assignor, which `aiokafka` uses, shares out evenly or leaves a member with nothing.
PARTITIONS = 6
CODEC = JsonCodec()

#: Makes the parts that read a topic.
MakeParts = Callable[[Topic, Wire, SnapshotFolder], Sequence[Part]]


def number(state: int, cause: Envelope[Told], _: None) -> tuple[Counted, ...]:
    """Say the how-many-th of its key an input is."""
    if cause.event.body < 0:
        raise Poison("below zero")
    return (Counted(body=state + 1),)


def numbering(topic: Topic, wire: Wire, snapshots: SnapshotFolder) -> Sequence[Part]:
    """Return the one part of a topic whose inputs are numbered."""
    decider: Decider[int, Told, Counted, None] = Decider(
        name=ProcessorName("numbering"),
        version=1,
        topic=topic,
        reads=(Told,),
        writes=(Counted,),
        initial=0,
        decide=number,
        evolve=lambda _, event: event.body,
        grid=NO_RULE,
    )
    return [Deciding(decider, wire, snapshots)]


class Grounds:
    """A broker, and what one test has on it: topics, a group, a folder."""

    def __init__(self, bootstrap: str, broker: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.broker = broker
        self.folder = folder
        self.group = f"transport-{uuid.uuid4().hex[:8]}"
        self.log = KafkaLog(bootstrap, PROCESSOR)

    def topic(self) -> Topic:
        """Create a topic with dead letters."""
        topic = Topic(name=f"{self.group}-{uuid.uuid4().hex[:4]}", key="k", partitions=PARTITIONS)
        create_topics(self.bootstrap, {}, topics=[topic])
        return topic

    def tell(
        self, topic: Topic, bodies: Iterable[int], keys: int = 16, at: int | None = None
    ) -> None:
        """Append inputs, spread over keys, or all in the partition `at`."""
        drafts = [
            Draft(topic.name, at, f"k{n % keys}".encode(), CODEC.encode(Told(body=body)), [])
            for n, body in enumerate(bodies)
        ]
        sent = 0
        while sent < len(drafts):
            sent += self.log.append(drafts[sent:], lambda _: None)
            self.log.serve(0.01)
        assert self.log.flush(WITHIN_S) == 0

    def records(self, name: str) -> list[Record]:
        """Return every record of a topic, partition by partition."""
        return [
            record
            for partition in range(PARTITIONS)
            for batch in self.log.read(name, partition, *self.log.span(name, partition))
            for record in batch
        ]

    def numbers(self, topic: Topic) -> dict[bytes, list[int]]:
        """Return by key what was decided, in the order of the log and repeats dropped."""
        found: dict[bytes, list[int]] = {}
        seen: dict[bytes, bytes | None] = {}
        for record in self.records(topic.name):
            if CODEC.kind_of(record.value) is Counted and record.key and record.value:
                event_id = dict(record.headers)[ID]
                if event_id not in seen:
                    found.setdefault(record.key, []).append(CODEC.decode(record.value).body)
                assert seen.setdefault(event_id, record.value) == record.value
        return found

    def committed(self, topic: Topic) -> dict[int, int]:
        """Return what the group committed, by partition."""
        return dict(Groups(self.bootstrap, {}).committed(self.group, topic.name, PARTITIONS))

    def ends(self, topic: Topic) -> dict[int, int]:
        """Return where the partitions that hold something end."""
        ends = {p: self.log.span(topic.name, p).end for p in range(PARTITIONS)}
        return {partition: end for partition, end in ends.items() if end}

    async def considered(self, *topics: Topic) -> None:
        """Wait until everything in the topics is acknowledged, what was decided included."""
        await until(lambda: all(self.committed(t) == self.ends(t) for t in topics))


class Member:
    """One worker of the group, in this process; leaves the group at the end of its block."""

    def __init__(
        self,
        grounds: Grounds,
        *topics: Topic,
        parts: MakeParts = numbering,
        log: EventLog | None = None,
        options: dict[str, str] | None = None,
        name: str = "member",
    ) -> None:
        folder = grounds.folder / "workers" / name
        wire = Wire(CODEC, DirectoryStore(folder / "objects"))
        snapshots = SnapshotFolder(folder / "snapshots")
        self.log = log or KafkaLog(grounds.bootstrap, PROCESSOR)
        self.runners = [
            Runner(t.name, self.log, wire, parts(t, wire, snapshots), snapshots) for t in topics
        ]
        membership = Membership(
            grounds.group, grounds.broker, session_s=3.0, heartbeat_s=0.5, options=options or {}
        )
        self.shell = Shell(membership, self.runners, self.log, folder)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.shell.run(self._stop))
        try:
            await until(lambda: self.shell.partitions > 0 or self._ended())
        except BaseException:
            await self.leave()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Leave the group. Raises what made the member fail."""
        self._stop.set()
        assert self._task is not None
        try:
            await self._task
        finally:
            self.log.close()

    @property
    def consumer(self) -> Any:
        """Faust's consumer."""
        return self.shell.app.consumer

    def _ended(self) -> bool:
        assert self._task is not None
        return self._task.done()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, asked in a thread so that the members go on."""
    async with asyncio.timeout(WITHIN_S):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)
