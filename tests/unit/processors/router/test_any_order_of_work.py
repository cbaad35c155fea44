"""However the work is cut up, whoever does it and however often it is begun anew: one outcome.

The real runner over the real codec; what changes is the size of batches, how many workers share
the partitions, and where they are killed.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.batch import Batch
from processors.decisions import Deciding
from processors.router.decider import ROUTER
from processors.runner import Runner
from streams.envelope import ID, author_of, origin_of
from streams.events.sessions import PolicyAdopted, TextPerceived
from streams.events.tuning import Unsure
from streams.ids import RunId
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import Standing
from streams.io.wire import Wire
from streams.log import Draft
from streams.topics import GRID_KEY, SESSIONS
from tests.fakes import NumberedRegistry
from tests.unit.processors.meanings import ENCODER, around, directions
from tests.unit.processors.router.test_decider import ADOPTED, CAPABILITIES, LABELS

PARTITIONS = 2
MEANS = directions(LABELS + 2)
TEXTS = ("where is it", "and yesterday's?", "a longer text that says what it is about", "stop")


#: How many records to read, how many appends land at once, and whether the worker then dies.
Step = tuple[int, int, bool]
SCHEDULES = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 60), st.booleans()), min_size=1, max_size=12
)


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


class World:
    """A broker with two partitions of requests, facts of the grid in between."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = MemoryBroker({SESSIONS.name: PARTITIONS, SESSIONS.dead_letters: PARTITIONS})
        codec = Codec(NumberedRegistry())
        codec.learn(SESSIONS, register=True)
        self.wire = Wire(codec, DirectoryStore(folder / "objects"))
        for partition in range(PARTITIONS):
            for draft in self._stream(partition):
                self.broker.land(draft)

    def _stream(self, partition: int) -> list[Draft]:
        ask = PolicyAdopted(unsure=Unsure.ASK, threshold=0.6)
        refuse = PolicyAdopted(unsure=Unsure.REFUSE, threshold=0.5)
        facts = [*CAPABILITIES[:6], ask, *CAPABILITIES[6:], ADOPTED, refuse]
        drafts = [
            self._draft(partition, GRID_KEY, fact, f"fact-{n}") for n, fact in enumerate(facts)
        ]
        requests = [
            self._draft(partition, f"session-{n % 5}", self._request(n), f"request-{n}")
            for n in range(60)
        ]
        mixed = list[Draft]()
        for number, request in enumerate(requests):
            mixed += drafts[number // 3 : number // 3 + 1] if number % 3 == 0 else []
            mixed.append(request)
        return mixed

    def _request(self, number: int) -> TextPerceived:
        point = around(MEANS[number * 5 % len(MEANS)], 1, number, spread=0.2)[0]
        return TextPerceived(
            run_id=RunId(f"run-{number}"), text=TEXTS[number % 4], scopes=(), encoder=ENCODER,
            vector=point,
        )  # fmt: skip

    def _draft(self, partition: int, key: str, event: Any, name: str) -> Draft:
        head = [(ID, f"{partition}-{name}".encode())]
        return self.wire.draft(SESSIONS.name, partition, key.encode(), event, head)

    def runner(self, log: MemoryLog) -> Runner:
        snapshots = SnapshotFolder(self.folder / "snapshots")
        deciding = Deciding(ROUTER, self.wire, snapshots)
        return Runner(
            SESSIONS.name, log, self.wire, [deciding], snapshots, snapshot_every=15, offload=at_once
        )

    async def work(self, partition: int, schedule: list[Step]) -> None:
        """Decide everything in a partition; past the schedule in batches of seven, undisturbed."""
        committed, generation, at = 0, 0, 0
        steps = iter(schedule)
        log = MemoryLog(self.broker)
        runner = self.runner(log)
        while at < len(self._records(partition)):
            size, landed, killed = next(steps, (7, 10_000, False))
            batch = self._records(partition)[at : at + size]
            at += len(batch)
            done = list[int]()

            def acknowledge(position: int = at, done: list[int] = done) -> None:
                done.append(position)

            await runner.take(Batch(partition, generation, batch, at, acknowledge))
            for _ in range(min(landed, len(log.in_flight))):
                draft, delivered = log.in_flight.popleft()
                self.broker.land(draft)
                delivered(None)
            if not killed:
                log.serve()
                committed = max([committed, *done])
                continue
            runner.reset()
            log, generation, at = MemoryLog(self.broker), generation + 1, committed
            runner = self.runner(log)
        assert runner.failure is None

    def _records(self, partition: int) -> list[Any]:
        return self.broker.records[SESSIONS.name, partition]

    def decisions(self) -> dict[bytes, bytes | None]:
        """Return every decision's bytes by its id."""
        found: dict[bytes, bytes | None] = {}
        for partition in range(PARTITIONS):
            for record in self._records(partition):
                head = dict(record.headers)
                if author_of(head) == ROUTER.name:
                    assert found.setdefault(head[ID], record.value) == record.value
        return found

    def hashes(self) -> list[str]:
        """Return the hash of what each partition's fold comes to."""
        told = []
        for partition in range(PARTITIONS):
            standing = Standing(ROUTER, self.wire, Snapshot(0, []))
            for record in self._records(partition):
                kind = self.wire.codec.kind_of(record.value)
                assert kind is not None
                head = dict(record.headers)
                standing.recall(record, kind, head, origin_of(head, record.offset), facts=True)
            told.append(standing.hash())
        return told


Outcome = tuple[dict[bytes, bytes | None], list[str]]


def outcome(schedules: list[list[Step]], *, beside: bool) -> Outcome:
    """Work on every partition by its schedule: one worker after the other, or side by side."""

    async def run(world: World) -> None:
        works = [world.work(p, schedule) for p, schedule in enumerate(schedules)]
        if beside:
            await asyncio.gather(*works)
        else:
            for work in works:
                await work

    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        asyncio.run(run(world))
        return world.decisions(), world.hashes()


UNDISTURBED = outcome([[(1_000, 10_000, False)]] * PARTITIONS, beside=False)


def test_the_undisturbed_run_decides_everything_in_all_three_ways() -> None:
    assert len(UNDISTURBED[0]) == 60 * PARTITIONS


@given(st.lists(SCHEDULES, min_size=PARTITIONS, max_size=PARTITIONS), st.booleans())
@settings(max_examples=40, deadline=None)
def test_batches_workers_and_restarts_change_neither_decisions_nor_states(
    schedules: list[list[Step]], beside: bool
) -> None:
    assert outcome(schedules, beside=beside) == UNDISTURBED
