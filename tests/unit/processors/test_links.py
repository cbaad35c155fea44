"""Links: what they carry is named after its cause, so that a repeat is the same event."""

from pathlib import Path
from typing import Any

from processors.links import Carried, Link, Linking
from processors.memory.turns import TURNS
from processors.registry.adoption import ADOPTION
from streams.envelope import CAUSATION, ID, Envelope
from streams.errors import Poison
from streams.ids import EventId, ProcessorName, of_decision, of_position
from streams.io.wire import Author
from streams.topics import GRID_KEY, MEMORY, REGISTRY, SESSIONS
from tests.unit.processors.desk import Desk
from tests.unit.processors.toy_events import TOPIC, Looked, Told

NAME = ProcessorName("twice")


def carry(cause: Envelope[Told], partitions: int) -> list[Carried]:
    if cause.event.body < 0:
        raise Poison("below zero")
    because = ASKED if cause.event.body == ANSWERS else None
    looked = Looked(body=cause.event.body)
    return [Carried(GRID_KEY, looked, p, because=because) for p in range(partitions)]


#: What says so much says that this caused it.
ANSWERS, ASKED = 42, EventId("what was asked")
LINK = Link(name=NAME, version=1, topic=TOPIC, target=TOPIC, reads=(Told,), carry=carry)


def linked(folder: Path) -> Desk:
    desk = Desk(folder)
    part = Linking(LINK, Author(desk.world.wire, NAME, 1), lambda _: 2)
    return Desk(folder, part)


def carried(desk: Desk, partition: int) -> list[Any]:
    records = desk.world.broker.records[TOPIC.name, partition]
    return [(dict(r.headers), r.key) for r in records if dict(r.headers).get(CAUSATION)]


async def test_a_fact_is_carried_into_every_partition_under_ids_of_its_own(tmp_path: Path) -> None:
    desk = linked(tmp_path)
    await desk.work(Told(body=1))
    cause = EventId(of_position(TOPIC.name, 0, 0))
    for partition in (0, 1):
        ((head, key),) = carried(desk, partition)
        assert (head[CAUSATION].decode(), key) == (cause, GRID_KEY.encode())
        assert head[ID].decode() == of_decision(cause, NAME, partition)
    assert desk.acknowledged == [1]


async def test_what_names_its_cause_keeps_it(tmp_path: Path) -> None:
    desk = linked(tmp_path)
    await desk.work(Told(body=ANSWERS))
    ((head, _),) = carried(desk, 1)
    assert head[CAUSATION].decode() == ASKED
    assert head[ID].decode() == of_decision(EventId(of_position(TOPIC.name, 0, 0)), NAME, 1)


async def test_what_is_carried_twice_is_the_same_event(tmp_path: Path) -> None:
    desk = linked(tmp_path)
    await desk.work(Told(body=1))
    desk.runner.reset()
    desk.position = 0
    await desk.take(generation=1)
    await desk.turn()
    first, second = carried(desk, 1)
    assert first == second


async def test_what_cannot_be_carried_is_parked(tmp_path: Path) -> None:
    desk = linked(tmp_path)
    desk.tell(Told(body=-1), Told(body=1))
    taking = desk.runner.spawn(desk.take)
    await desk.turn(60)
    taking.cancel()
    assert len(desk.letters()) == 1
    assert len(carried(desk, 1)) == 1
    assert desk.acknowledged == [2]


def test_the_grids_links_lead_where_their_facts_are_read() -> None:
    assert [(link.topic, link.target) for link in (TURNS, ADOPTION)] == [
        (SESSIONS, MEMORY),
        (REGISTRY, SESSIONS),
    ]
