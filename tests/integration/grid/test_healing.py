"""A worker that was stopped is restarted when healing is asked for, with the events to show it."""

import os
import signal
import time

import pytest

from streams.events.healing import Action, HealingDone, HealingRequested
from streams.events.series import SeriesSampled
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.topics import OBSERVATIONS
from tests.integration.grid.front import Front, until

pytestmark = pytest.mark.integration


def test_a_stopped_worker_is_ended_and_another_one_works(started: Front) -> None:
    settings = started.settings
    frozen = started.await_whole().processes["worker"]
    os.kill(frozen, signal.SIGSTOP)
    asked = HealingRequested(
        action=Action.RESTART,
        target=settings.worker.group,
        at_ms=int(time.time() * 1000),
        reason="it does not work for 30 s",
    )
    with Client(settings, [OBSERVATIONS]) as client:
        start = client.log.span(OBSERVATIONS.name, 0).end
        event_id = EventId(minted(asked.at_ms, os.urandom(10)))
        client.send(OBSERVATIONS, asked.target, asked, event_id)
        client.flush()

        def answered() -> bool:
            end = client.log.span(OBSERVATIONS.name, 0).end
            batches = client.log.read(OBSERVATIONS.name, 0, start, end)
            kinds = [client.wire.codec.kind_of(r.value) for batch in batches for r in batch]
            return HealingDone in kinds

        until(answered, "nothing was done")
    until(lambda: started.await_whole().processes["worker"] != frozen, "it was not replaced")
    told = started.succeed("healing", "-o", "jsonl").rows  # the observer notes trouble besides
    rows = [row for row in told if row["event"] in ("HealingRequested", "HealingDone")]
    assert [row["event"] for row in rows[-2:]] == ["HealingRequested", "HealingDone"]
    assert str(frozen) in rows[-1]["what"]


def test_the_grid_is_measured_by_its_own_events(started: Front) -> None:
    started.await_whole()
    with Client(started.settings, [OBSERVATIONS]) as client:
        start = client.log.span(OBSERVATIONS.name, 0).end

        def measured() -> bool:
            started.run("ask", "What is measured here?")
            end = client.log.span(OBSERVATIONS.name, 0).end
            batches = client.log.read(OBSERVATIONS.name, 0, start, end)
            records = [record for batch in batches for record in batch]
            kinds = client.wire.codec
            sampled = [r for r in records if kinds.kind_of(r.value) is SeriesSampled]
            events = [client.wire.open(record).event for record in sampled]
            counted = {point.series for event in events for point in event.counts}
            return "events/RequestReceived" in counted

        until(measured, "nobody counted the requests")
    assert started.succeed("anomalies", "-o", "json").out.startswith("[")
