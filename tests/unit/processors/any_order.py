"""One decider's partitions, worked on in every way there is, over the real runner and codec.

What changes is the size of batches, how many workers there are, who has which partition, what of
their appends lands, and when one is killed, or frozen while another takes its place.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from processors.batch import Batch
from processors.decisions import Deciding
from processors.runner import Runner
from streams.envelope import ID, author_of, origin_of
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing
from streams.io.wire import Wire
from tests.fakes import NumberedRegistry

WORKERS_MAX = 3
#: Small, so that workers begin from snapshots as often as from the log.
SNAPSHOT_EVERY = 15
#: A log that grows beyond so many records for each that was told is written to without end.
GROWN_MAX = 30


class Told(NamedTuple):
    """An event of a stream: its key, and the id it has in the log."""

    key: str
    event: Any
    event_id: str


class Step(NamedTuple):
    """What happens next: a worker reads so many records, and so many of its appends land."""

    partition: int
    worker: int
    records: int
    landed: int
    killed: bool


class Outcome(NamedTuple):
    """Every decision's bytes by partition and id, the kinds, and the hash of each partition."""

    decisions: dict[tuple[int, bytes], bytes | None]
    kinds: set[type]
    hashes: list[str]


def schedules(partitions: int) -> st.SearchStrategy[list[Step]]:
    """Return ways to cut the work up."""
    step = st.builds(
        Step,
        partition=st.integers(0, partitions - 1),
        worker=st.integers(0, WORKERS_MAX - 1),
        records=st.integers(1, 40),
        landed=st.integers(0, 60),
        killed=st.booleans(),
    )
    return st.lists(step, max_size=24)


def worked(
    decider: AnyDecider, streams: Sequence[Sequence[Told]], steps: Sequence[Step]
) -> Outcome:
    """Decide all that the streams hold, first by the steps, then undisturbed."""
    with tempfile.TemporaryDirectory() as folder:
        world = _World(decider, streams, Path(folder))
        asyncio.run(world.run(steps))
        return world.outcome()


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


class _Worker:
    """A process: its own client of the log, and its own folder of snapshots."""

    def __init__(self, world: "_World", number: int) -> None:
        snapshots = SnapshotFolder(world.folder / f"snapshots-{number}")
        deciding = Deciding(world.decider, world.wire, snapshots)
        self.log = MemoryLog(world.broker)
        self.runner = Runner(
            world.decider.topic.name, self.log, world.wire, [deciding], snapshots,
            snapshot_every=SNAPSHOT_EVERY, offload=at_once,
        )  # fmt: skip

    def land(self, most: int) -> None:
        """Let the first of what is in flight land, whoever has the partition by now."""
        for _ in range(min(most, len(self.log.in_flight))):
            draft, delivered = self.log.in_flight.popleft()
            self.log.broker.land(draft)
            delivered(None)


class _Place:
    """How far a partition is, and who has it in which generation."""

    def __init__(self) -> None:
        self.worker = -1
        self.generation = self.committed = self.at = 0

    def commit(self, generation: int, position: int) -> None:
        """Take a commit; one of an earlier generation is fenced."""
        if generation == self.generation:
            self.committed = max(self.committed, position)

    def handed_to(self, worker: int) -> None:
        """Begin a generation: whoever has it now reads from what was committed."""
        self.worker, self.at = worker, self.committed
        self.generation += 1


class _World:
    """A broker with the streams, and workers that come and go."""

    def __init__(
        self, decider: AnyDecider, streams: Sequence[Sequence[Told]], folder: Path
    ) -> None:
        self.decider, self.folder, topic = decider, folder, decider.topic
        self.broker = MemoryBroker({topic.name: len(streams), topic.dead_letters: len(streams)})
        codec = Codec(NumberedRegistry())
        codec.learn(topic, register=True)
        self.wire = Wire(codec, DirectoryStore(folder / "objects"))
        for partition, stream in enumerate(streams):
            for key, event, event_id in stream:
                head = [(ID, event_id.encode())]
                self.broker.land(self.wire.draft(topic.name, partition, key.encode(), event, head))
        self.told = sum(map(len, streams))
        self.places = [_Place() for _ in streams]
        self._numbers = count()
        self.workers = [self._begun() for _ in range(WORKERS_MAX)]

    async def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self._take(step)
            if step.killed:
                self._kill(step.worker)
        for partition in range(len(self.places)):
            while self.places[partition].at < len(self._records(partition)):
                await self._take(Step(partition, partition % WORKERS_MAX, 7, 10_000, killed=False))

    async def _take(self, step: Step) -> None:
        place, worker = self.places[step.partition], self.workers[step.worker]
        if place.worker != step.worker:
            place.handed_to(step.worker)
        records = self._records(step.partition)[place.at : place.at + step.records]
        place.at += len(records)
        done = partial(place.commit, place.generation, place.at)
        batch = Batch(step.partition, place.generation, records, place.at, done)
        await worker.runner.take(batch)
        worker.land(step.landed)
        assert worker.runner.failure is None
        assert len(self._records(step.partition)) < GROWN_MAX * self.told

    def _kill(self, number: int) -> None:
        """End a worker with all it has in flight; another process begins in its place."""
        self.workers[number].runner.reset()
        self.workers[number] = self._begun()
        for place in self.places:
            if place.worker == number:
                place.handed_to(number)

    def _begun(self) -> _Worker:
        return _Worker(self, next(self._numbers) % WORKERS_MAX)

    def _records(self, partition: int) -> list[Any]:
        return self.broker.records[self.decider.topic.name, partition]

    def outcome(self) -> Outcome:
        """Return what was decided, and what it folds to; the same id always says the same."""
        outcome = Outcome({}, set(), [])
        for partition in range(len(self.places)):
            standing = Standing(self.decider, self.wire, Snapshot(0, []))
            for record in self._records(partition):
                kind = self.wire.codec.kind_of(record.value)
                assert kind is not None
                head = dict(record.headers)
                if author_of(head) == self.decider.name:
                    outcome.kinds.add(kind)
                    known = outcome.decisions.setdefault((partition, head[ID]), record.value)
                    assert known == record.value
                standing.recall(record, kind, head, origin_of(head, record.offset), facts=True)
            outcome.hashes.append(standing.hash())
        return outcome
