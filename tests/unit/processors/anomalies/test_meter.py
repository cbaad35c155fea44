"""The grid in numbers, as its own events say them."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from processors.anomalies.meter import NAMES_MAX, Meter, producer_of
from processors.anomalies.metering import METER, Metering
from streams.envelope import Envelope
from streams.events.series import Point, SeriesSampled
from streams.events.sessions import (
    CANCELLED,
    RequestReceived,
    ResponseCompleted,
    RunFailed,
    RunStarted,
)
from streams.ids import EventId, derived
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Draft
from streams.topics import OBSERVATIONS, REGISTRY, SESSIONS
from tests.examples import EVENTS
from tests.fakes import NumberedRegistry
from tests.given import cause

AT_MS = 1_700_000_000_000


def came(event: Any, at_ms: int = 0, key: str = "s", **changes: Any) -> Envelope[Any]:
    return cause(replace(event, **changes), key=key)._replace(recorded_at_ms=AT_MS + at_ms)


def points(meter: Meter) -> dict[str, float]:
    return {point.series: point.value for point in meter.close(AT_MS, 10_000).points}


def asked(meter: Meter, run: str, at_ms: int, took_ms: int) -> None:
    meter.take(came(EVENTS["RequestReceived"], at_ms, run_id=run))
    meter.take(came(EVENTS["ResponseCompleted"], at_ms + took_ms, run_id=run))


def test_answers_are_measured_by_capability() -> None:
    meter = Meter()
    meter.take(came(EVENTS["CapabilityRegistered"], key="answer", card=replace(CARD, cost=0.002)))
    asked(meter, "one", 0, 100)
    asked(meter, "two", 50, 300)
    assert points(meter) == {
        "latency_ms/answer": 200.0,
        "tokens/answer": 139.0,
        "cost/answer": 0.002,
    }
    assert points(meter) == {}


CARD = EVENTS["CapabilityRegistered"].card  # type: ignore[union-attr]


def test_an_answer_to_a_question_nobody_saw_has_no_latency() -> None:
    meter = Meter()
    meter.take(came(EVENTS["ResponseCompleted"]))
    assert points(meter) == {"tokens/answer": 139.0}


def test_confidence_and_failures_are_of_the_whole_grid() -> None:
    meter = Meter()
    for at in range(4):
        asked(meter, f"{at}", at, 1)
    meter.take(came(EVENTS["RequestRouted"], confidence=0.25))
    meter.take(came(EVENTS["RequestRouted"], confidence=0.75))
    assert "failed_share" not in (told := points(meter))
    assert told["routing_confidence"] == 0.5
    meter.take(came(EVENTS["RunFailed"], run_id="cancelled", reason=CANCELLED))
    meter.take(came(EVENTS["RequestRefused"], run_id="refused"))
    meter.take(came(EVENTS["RunFailed"], run_id="refused"))
    assert points(meter)["failed_share"] == 0.2


def test_what_was_counted_once_is_counted_as_nothing_when_it_stays_away() -> None:
    meter = Meter(["events/RunFailed"])
    meter.saw(RunStarted, {"aether_processor": b"orchestrator/3"})
    told = [meter.close(AT_MS, 10_000).counts for _ in range(2)]
    names = ["events/RunFailed", "events/RunStarted", "producers/orchestrator"]
    assert [[(p.series, p.value) for p in counts] for counts in told] == [
        list(zip(names, (0.0, 1.0, 1.0), strict=True)),
        list(zip(names, (0.0, 0.0, 0.0), strict=True)),
    ]


def test_names_are_counted_up_to_a_limit() -> None:
    meter = Meter()
    for at in range(NAMES_MAX + 10):
        meter.saw(RunFailed, {"aether_processor": f"p{at}/1".encode()})
    assert len(meter.close(AT_MS, 1).counts) == NAMES_MAX


@pytest.mark.parametrize(
    ("head", "producer"),
    [
        ({"aether_processor": b"router/2", "ce_source": b"/aether/n/router"}, "router"),
        ({"ce_source": b"/aether/node/gateway"}, "gateway"),
        ({"ce_source": b"\xff"}, "\ufffd"),
        ({}, "unknown"),
    ],
)
def test_a_producer_is_who_wrote_the_record(head: dict[str, bytes], producer: str) -> None:
    assert producer_of(head) == producer


class World:
    """The topics in memory, and a clock that goes on by a sample at every look."""

    def __init__(self, folder: Path) -> None:
        topics = (SESSIONS, REGISTRY, OBSERVATIONS)
        self.log = MemoryLog(MemoryBroker({topic.name: topic.partitions for topic in topics}))
        codec = Codec(NumberedRegistry())
        for topic in topics:
            codec.learn(topic, register=True)
        self.wire = Wire(codec, DirectoryStore(folder))
        self.holds = True
        self._clock = count(1_700_000_000, 11)

    def tell(self, topic: str, event: Any) -> None:
        event_id = EventId(derived(repr(event)))
        draft = self.wire.root(
            event, component="gateway", topic=topic, key="k", event_id=event_id, at_ms=0
        )
        self.log.append([draft], lambda _: None)
        self.log.serve()

    @property
    def told(self) -> Iterator[SeriesSampled]:
        self.log.serve()
        for record in self.log.broker.records[OBSERVATIONS.name, 0]:
            if record.key == METER.encode():
                yield self.wire.open(record).event

    async def measured(self, *events: Any) -> list[SeriesSampled]:
        """Measure while events come, until a sample has seen the last of them."""
        stop, metering = (
            asyncio.Event(),
            Metering(
                self.log, self.wire, lambda: self.holds, 10.0, lambda: float(next(self._clock))
            ),
        )
        before = len(list(self.told))
        running = asyncio.create_task(metering.run(stop))
        while len(list(self.told)) == before and self.holds:
            for event in events:
                self.tell(SESSIONS.name, event)
            await asyncio.sleep(0)
        stop.set()
        await running
        return list(self.told)[before:]


async def test_what_comes_is_sampled_and_names_outlive_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path)
    received, done = EVENTS["RequestReceived"], EVENTS["ResponseCompleted"]
    assert isinstance(received, RequestReceived)
    assert isinstance(done, ResponseCompleted)
    first, *_ = await world.measured(received, done)
    assert {"events/RequestReceived", "producers/gateway"} <= {p.series for p in first.counts}
    assert "latency_ms/answer" in {p.series for p in first.points}
    world.log.broker.land(Draft(OBSERVATIONS.name, 0, b"k", b"not avro", []))
    again, *_ = await world.measured()
    assert Point(series="events/RequestReceived", value=0.0) in again.counts
