"""From trouble to its end on a real grid: verdict, anomaly, action, and all of it is over again.

The observer runs as a worker of its own, for the one that it wakes must not be the one it lives in.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engines.ports import free_port
from streams.events.healing import (
    Action,
    HealingDone,
    HealingRequested,
    TroubleNoted,
    TroubleOver,
)
from streams.events.lag import LagSampled, LagVerdictChanged
from streams.events.probes import ProbeSent
from streams.events.series import AnomalyCleared, AnomalyDetected
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.topics import OBSERVATIONS, PROBE_KEY, PROBES
from tests.integration.grid.front import Front, until
from tests.integration.grid.harness import Role, running

pytestmark = pytest.mark.integration

#: Looked at so often, a series is known and at rest again within seconds.
EVERY_S = "0.1"
KNOWN_AFTER = 160
CHAIN = (
    LagVerdictChanged,
    TroubleNoted,
    AnomalyDetected,
    HealingRequested,
    HealingDone,
    TroubleOver,
    AnomalyCleared,
)


def sent_id() -> EventId:
    return EventId(minted(int(time.time() * 1000), os.urandom(10)))


class Seen:
    """What is observed of one group from now on, while records come for it all the time."""

    def __init__(self, client: Client, group: str) -> None:
        self._client = client
        self._group = group
        self._follower = client.log.follow(
            {(OBSERVATIONS.name, 0): client.log.span(OBSERVATIONS.name, 0).end}
        )
        self._ids = set[str]()
        self.events: list[Any] = []

    def look(self) -> list[Any]:
        """Send something, take what was observed since, and return everything."""
        self._client.send(PROBES, PROBE_KEY, ProbeSent(number=time.time_ns()), sent_id())
        for record in self._follower.take(0.05):
            if self._client.wire.codec.kind_of(record.value) in (*CHAIN, LagSampled):
                envelope = self._client.wire.open(record)
                if envelope.key == self._group and envelope.event_id not in self._ids:
                    self._ids.add(envelope.event_id)
                    self.events.append(envelope.event)
        return self.events

    def close(self) -> None:
        self._follower.close()


@contextmanager
def seen(front: Front) -> Iterator[Seen]:
    with Client(front.settings, [OBSERVATIONS, PROBES]) as client:
        watched = Seen(client, front.settings.worker.group)
        try:
            yield watched
        finally:
            watched.close()


@pytest.fixture
def observer(started: Front) -> Iterator[Role]:
    """An observer that lives in no worker of the grid's own group."""
    env = {
        **started.env,
        "AETHER_WORKER__FOLDER": str(started.folder / "apart"),
        "AETHER_PORTS__WORKER_METRICS": str(free_port()),
        "AETHER_OBSERVER__EVERY_S": EVERY_S,
    }
    command = ("-m", "cli.main", "worker", "observer")
    role = Role("observer", command, env, started.folder / "logs" / "apart.log")
    with running(role):
        yield role


def test_a_frozen_worker_is_noticed_restarted_and_found_well_again(
    started: Front, observer: Role
) -> None:
    frozen = started.await_whole().processes["worker"]
    started.succeed("healing", "--restart", "--after", "2", "--cooldown", "120")
    with seen(started) as watched:
        until(lambda: kinds(watched.look()).count(LagSampled) > KNOWN_AFTER, "it is known")
        assert HealingRequested not in kinds(watched.events)
        os.kill(frozen, signal.SIGSTOP)
        until(lambda: HealingDone in kinds(watched.look()), "it is restarted")
        until(lambda: set(CHAIN) <= set(kinds(watched.look())), "all is as before")
        told = list(dict.fromkeys(kind for kind in kinds(watched.events) if kind in CHAIN))
        assert observer.pid
    started.succeed("healing", "--no-restart", "--after", "30")
    order = [told.index(kind) for kind in CHAIN if kind not in (AnomalyDetected, AnomalyCleared)]
    assert order == sorted(order)
    assert told.index(AnomalyDetected) < told.index(AnomalyCleared)
    unusual = {event.series for event in watched.events if isinstance(event, AnomalyDetected)}
    assert unusual == {f"lag_s/{started.settings.worker.group}"}
    assert started.await_whole().processes["worker"] != frozen


def test_workers_are_started_and_let_go_as_healing_asks(started: Front) -> None:
    started.await_whole()
    with seen(started) as watched:

        def scaled(workers: int) -> bool:
            samples = [e for e in watched.look() if isinstance(e, LagSampled)]
            return bool(samples) and samples[-1].members == workers

        for workers in (2, 1):
            asked = HealingRequested(
                action=Action.SCALE,
                target=started.settings.worker.group,
                at_ms=int(time.time() * 1000),
                reason="a test",
                workers=workers,
            )
            with Client(started.settings, [OBSERVATIONS]) as client:
                client.send(OBSERVATIONS, asked.target, asked, sent_id())
                client.flush()
            until(lambda n=workers: scaled(n), f"{workers} members")  # type: ignore[misc]
            assert started.run("ask", "Who are you?").code == 0
        until(lambda: "worker-2" not in str(started.running), "it is gone")
    started.await_whole()
    done = [row["what"] for row in started.succeed("healing", "-o", "jsonl").rows]
    assert "scale aether.grid: from 1 workers to 2" in done
    assert "scale aether.grid: from 2 workers to 1" in done


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]
