"""A worker that was stopped is restarted when healing is asked for, with the events to show it."""

import os
import signal
import time

import pytest

from streams.events.healing import Action, HealingDone, HealingRequested
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
    rows = started.succeed("healing", "-o", "jsonl").rows
    assert [row["event"] for row in rows][-2:] == ["HealingRequested", "HealingDone"]
    assert str(frozen) in rows[-1]["what"]
