"""The past as effects read it: one key's stream, or some runs, whatever else is in the log."""

from pathlib import Path
from typing import Any

import pytest

from processors.adapters.past import Past
from streams.envelope import CORRELATION, ID
from streams.events.sessions import RequestReceived, TextPerceived
from streams.events.tuning import FeedbackOffered, RollbackRequested, Verdict
from streams.ids import EventId, ProcessorName, RunId, minted
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Author, Wire
from streams.log import Draft
from streams.topics import FORKS, ROUTER_KEY, SESSIONS, TUNING
from tests.examples import EVENTS
from tests.fakes import NumberedRegistry
from tests.unit.processors.envelopes import enveloped

TOPICS = (SESSIONS, TUNING, FORKS)
BEGAN_MS = 1_700_000_000_000  # where the memory log's clock begins


class World:
    def __init__(self, folder: Path) -> None:
        self.broker = MemoryBroker({topic.name: topic.partitions for topic in TOPICS})
        codec = Codec(NumberedRegistry())
        for topic in TOPICS:
            codec.learn(topic, register=True)
        self.wire = Wire(codec, DirectoryStore(folder))
        self.past = Past(MemoryLog(self.broker), self.wire)

    def land(self, topic: str, key: str, event: Any, name: str, run: str = "") -> None:
        head = [(ID, name.encode())] + ([(CORRELATION, run.encode())] if run else [])
        self.broker.land(self.wire.draft(topic, None, key.encode(), event, head))

    def cause(self, offset: int) -> Any:
        envelope = enveloped(RollbackRequested(reason=""), ROUTER_KEY)
        return envelope._replace(topic=TUNING.name, partition=0, offset=offset)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run_of(number: int) -> RunId:
    return RunId(minted(BEGAN_MS + number, bytes([number] * 10)))


def rollback(reason: str) -> RollbackRequested:
    return RollbackRequested(reason=reason)


def perceived(run: RunId) -> TextPerceived:
    return TextPerceived(run_id=run, text="t", scopes=(), encoder="e", vector=b"")


def test_only_this_keys_events_of_these_kinds_before_the_cause_are_read(world: World) -> None:
    world.land(TUNING.name, ROUTER_KEY, rollback("one"), "a")
    world.land(TUNING.name, "another", rollback("not mine"), "b")
    offered = FeedbackOffered(
        run_id=run_of(1), verdict=Verdict.RIGHT, label=None, none_of_these=False
    )
    world.land(TUNING.name, ROUTER_KEY, offered, "c")
    world.land(TUNING.name, ROUTER_KEY, rollback("two"), "d")
    world.land(TUNING.name, ROUTER_KEY, rollback("too late"), "e")
    read = world.past.before(world.cause(4), (RollbackRequested,))
    assert [envelope.event.reason for envelope in read] == ["one", "two"]


def test_repeats_and_what_cannot_be_read_are_left_out(world: World) -> None:
    author = Author(world.wire, ProcessorName("tuner"), 1)
    for number in range(9):
        world.land(TUNING.name, "another", rollback("not mine"), f"id-{number}")
    for reason, offset in (("one", 7), ("again", 7), ("two", 8)):
        (draft,) = author.decision(world.cause(offset), (rollback(reason),))
        world.broker.land(draft)
        world.broker.land(Draft(TUNING.name, 0, ROUTER_KEY.encode(), b"junk", []))
    read = world.past.before(world.cause(99), (RollbackRequested,))
    assert [envelope.event.reason for envelope in read] == ["one", "two"]


def test_runs_are_found_wherever_they_are_each_with_its_own_events(world: World) -> None:
    runs = [run_of(number) for number in range(1, 6)]
    for number, run in enumerate(runs):
        world.land(SESSIONS.name, f"session-{number}", perceived(run), f"p-{number}", run)
        world.land(SESSIONS.name, f"session-{number}", perceived(run), f"p-{number}", run)
    found = world.past.events([runs[0], runs[3]], (TextPerceived,))
    assert {run: [e.event.run_id for e in events] for run, events in found.items()} == {
        runs[0]: [runs[0]],
        runs[3]: [runs[3]],
    }


@pytest.mark.parametrize("run", [run_of(200), RunId("of another make")])
def test_an_unknown_run_has_no_events(world: World, run: RunId) -> None:
    world.land(SESSIONS.name, "session", perceived(run_of(1)), "p", run_of(1))
    assert world.past.events([run], (TextPerceived, RequestReceived)) == {run: []}


def test_forks_are_found_by_their_names_alone(world: World) -> None:
    names = [RunId(f"fork-{number}") for number in range(9)]
    for name in names[:8]:
        world.land(FORKS.name, name, EVENTS["ForkMade"], f"made-{name}")
    world.land(SESSIONS.name, "session", perceived(run_of(1)), "p", run_of(1))
    assert world.past.forks([names[2], names[5], names[8], run_of(1)]) == {names[2], names[5]}


def test_ids_of_events_are_kept(world: World) -> None:
    world.land(TUNING.name, ROUTER_KEY, rollback("one"), "the-id")
    (read,) = world.past.before(world.cause(9), (RollbackRequested,))
    assert read.event_id == EventId("the-id")
