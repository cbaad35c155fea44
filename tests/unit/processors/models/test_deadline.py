"""A request that no node answers in time fails once; one that was answered never does."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.models.deadline import BACK_MS, NAME, REASON, Deadline
from streams.envelope import CAUSATION, ID, REQUEST
from streams.events.sessions import InferenceFailed
from streams.ids import EventId, ModelName, of_decision
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Follower, Record
from streams.topics import SESSIONS
from tests.fakes import NumberedRegistry
from tests.unit.processors.examples import asked, inferred

#: The memory log's clock counts from here, a millisecond a record.
AT_MS = 1_700_000_000_000
PATIENCE_MS = 60_000
LATE_MS = AT_MS + PATIENCE_MS + 100


class Nodes:
    """Sessions with requests for a node, and one worker after the other that watches them."""

    def __init__(self, folder: Path) -> None:
        self.broker = MemoryBroker({SESSIONS.name: SESSIONS.partitions}, AT_MS)
        self.log = MemoryLog(self.broker)
        codec = Codec(NumberedRegistry())
        codec.learn(SESSIONS, register=True)
        self.wire = Wire(codec, DirectoryStore(folder))
        self.now_ms = AT_MS
        self.began()

    def began(self) -> None:
        """Let another worker watch."""
        self.deadline = Deadline(self.log, self.wire, PATIENCE_MS / 1000, lambda: self.now_ms)
        self.follower: Follower = self.deadline.begin()

    def ask(self, run: str, model: str = "work/poet") -> EventId:
        """Ask a node; return the request's id."""
        request = replace(asked(run), model=ModelName(model))
        return self._land(request, f"request-{run}")

    def answer(self, run: str) -> None:
        """Answer as a node does."""
        self._land(inferred(run), f"answer-{run}")

    def _land(self, event: Any, event_id: str) -> EventId:
        made = self.wire.root(
            event, component="c", topic=SESSIONS.name, key="ada", event_id=EventId(event_id),
            at_ms=self.now_ms, run_id=event.run_id,
        )  # fmt: skip
        self.broker.land(made)
        return EventId(event_id)

    async def turns(self, now_ms: int, count: int = 3) -> None:
        """Let time pass, and the worker look."""
        self.now_ms = now_ms
        for _ in range(count):
            await self.deadline.turn(self.follower)
            self.log.flush(0)

    @property
    def failed(self) -> list[tuple[InferenceFailed, dict[str, bytes]]]:
        """Every failure in the log, with its headers."""
        records = [
            r for p in range(SESSIONS.partitions) for r in self.broker.records[SESSIONS.name, p]
        ]
        return [
            (self.wire.open(record).event, dict(record.headers))
            for record in records
            if self.wire.codec.kind_of(record.value) is InferenceFailed
        ]


@pytest.fixture
def nodes(tmp_path: Path) -> Nodes:
    return Nodes(tmp_path)


async def test_a_request_that_nobody_answers_fails_once_it_is_late(nodes: Nodes) -> None:
    request = nodes.ask("run")
    await nodes.turns(AT_MS + PATIENCE_MS - 1)
    assert nodes.failed == []
    await nodes.turns(LATE_MS)
    ((event, head),) = nodes.failed
    assert (event.run_id, event.reason) == ("run", REASON)
    assert event.detail == "no node answered for work/poet in 60 s"
    assert head[ID].decode() == of_decision(request, NAME, 0)
    assert (head[CAUSATION].decode(), head[REQUEST]) == (request, b"0")


async def test_what_was_answered_does_not_fail(nodes: Nodes) -> None:
    nodes.ask("run")
    nodes.answer("run")
    await nodes.turns(LATE_MS)
    assert nodes.failed == []


async def test_a_model_of_the_grids_own_has_no_node_to_wait_for(nodes: Nodes) -> None:
    nodes.ask("run", "extractive")
    await nodes.turns(LATE_MS)
    assert nodes.failed == []


async def test_a_worker_that_begins_late_knows_what_was_answered_and_what_waits(
    nodes: Nodes,
) -> None:
    nodes.ask("answered")
    nodes.answer("answered")
    nodes.ask("waits")
    nodes.now_ms = LATE_MS
    nodes.began()
    await nodes.turns(LATE_MS)
    assert [event.run_id for event, _ in nodes.failed] == ["waits"]


class OneByOne:
    """A reader that gets what there is slowly."""

    def __init__(self, follower: Follower) -> None:
        self._records = follower.take(0)
        self._at = dict.fromkeys(follower.positions(), 0)

    def take(self, timeout_s: float, keys: object = None) -> list[Record]:
        """Return the next record."""
        taken, self._records = self._records[:1], self._records[1:]
        for record in taken:
            self._at[record.topic, record.partition] = record.offset + 1
        return taken

    def positions(self) -> dict[tuple[str, int], int]:
        """Return where the next reads begin."""
        return dict(self._at)

    def close(self) -> None:
        """Nothing is held."""


async def test_nothing_is_ended_before_all_of_the_past_is_known(nodes: Nodes) -> None:
    nodes.ask("run")
    nodes.answer("run")
    nodes.now_ms = LATE_MS
    nodes.began()
    nodes.follower = OneByOne(nodes.follower)
    await nodes.turns(LATE_MS)
    assert nodes.failed == []


async def test_two_workers_say_the_same_under_one_id(nodes: Nodes) -> None:
    nodes.ask("run")
    other = Deadline(nodes.log, nodes.wire, PATIENCE_MS / 1000, lambda: LATE_MS)
    follower = other.begin()
    nodes.now_ms = LATE_MS
    await asyncio.gather(other.turn(follower), nodes.deadline.turn(nodes.follower))
    nodes.log.flush(0)
    assert len(nodes.failed) == 2
    assert len({head[ID] for _, head in nodes.failed}) == 1


async def test_who_waited_for_more_than_a_day_waits_no_longer(nodes: Nodes) -> None:
    nodes.ask("old")
    nodes.now_ms = AT_MS + BACK_MS + 1_000
    nodes.began()
    await nodes.turns(nodes.now_ms)
    assert nodes.failed == []
