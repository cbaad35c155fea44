"""On a real Kafka: capabilities are learned, feedback is heard, weights go back, matches arrive."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpx2
import numpy as np
import pytest

from cli.apart import environment
from cli.tuning import tell, told
from engines.install import Installed
from processors.adapters.opened import Adapters
from processors.app import Worker
from processors.perception.ports import Encoded, Encoder
from processors.router.table import AUTOMATIC
from streams.events import tuning as t
from streams.events.matches import MatchFound
from streams.events.registry import CapabilityOffered, Card
from streams.events.sessions import (
    ClarificationAsked,
    Options,
    PolicyAdopted,
    RequestReceived,
    RequestRouted,
    RouterAdopted,
    SubscriptionAdopted,
)
from streams.ids import CapabilityId, EventId, ModelName, RunId, derived, minted
from streams.io.client import Client
from streams.io.settings import ROOT, Settings
from streams.topics import REGISTRY, SESSIONS, Topic, matches_of
from tests.integration.grid.harness import (
    Role,
    engines_running,
    everything,
    running,
    settings_in,
    wait_until,
)
from tests.unit.processors.meanings import around, directions, name_of

pytestmark = pytest.mark.integration

LABELS = 6
MEANS = directions(LABELS)
ROLES = (
    *("perception", "registry", "adoption", "router", "orchestrator", "teaching", "hearing"),
    *("tuner", "training", "release", "subscriber", "opening", "announcing", "matcher", "delivery"),
)
PATIENCE_S = 120


class ToyEncoder:
    """Knows texts that name a label and a number: `label-003 17`."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded("toy@1", [self._vector(text) for text in texts])

    def _vector(self, text: str) -> bytes:
        label, _, number = text.partition(" ")
        seed = int(number or 0) + 1
        return around(MEANS[int(label.removeprefix("label-")) % LABELS], 1, seed)[0]


class ToyAdapters(Adapters):
    @cached_property
    def encoder(self) -> Encoder:
        return ToyEncoder()


@contextmanager
def worker(settings: Settings) -> Iterator[None]:
    """Run a worker in a thread of its own."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(Worker(settings, ROLES, ToyAdapters(settings)).run(stop))
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        assert not thread.is_alive()
        loop.close()
    assert failed == []


@pytest.fixture(scope="module")
def grid(
    installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, Client]]:
    settings = settings_in(tmp_path_factory.mktemp("learning"))
    with (
        engines_running(settings, installed),
        worker(settings),
        Client(settings) as client,
    ):
        for label in range(LABELS):
            offered = CapabilityOffered(card=card(label))
            client.send(REGISTRY, name_of(label), offered, EventId(derived("offer", label)))
        client.flush()
        wait_until(lambda: learned(client) == LABELS, PATIENCE_S, "weights of every capability")
        yield settings, client


def facts(client: Client, kind: type, topic: Topic = SESSIONS) -> list[Any]:
    """Return the events of a kind, repeats dropped."""
    found = {}
    for record in everything(client, topic):
        if client.wire.codec.kind_of(record.value) is kind:
            envelope = client.wire.open(record)
            found[envelope.event_id] = envelope.event
    return list(found.values())


def card(label: int, shots: int = 4) -> Card:
    return Card(
        description=f"{name_of(label)} 900",
        examples=tuple(f"{name_of(label)} {n}" for n in range(shots)),
        policy="single",
        model=ModelName("extractive"),
    )


def promotions(client: Client) -> list[t.WeightsPromoted]:
    return [envelope.event for envelope in told(client, (t.WeightsPromoted,))]


def learned(client: Client) -> int:
    adopted = facts(client, RouterAdopted)
    full = [a for a in adopted if len(a.weights.labels) == LABELS]
    return LABELS if len(full) >= SESSIONS.partitions else 0


def ask(client: Client, text: str, session: str) -> RunId:
    run = RunId(minted(int(time.time() * 1000), os.urandom(10)))
    request = RequestReceived(
        run_id=run, model=ModelName(AUTOMATIC), text=text, messages=(), options=Options(),
        scopes=(), remember_in=None, stream=False,
    )  # fmt: skip
    client.send(SESSIONS, session, request, EventId(run))
    client.flush()
    return run


def decision(client: Client, run: RunId, kind: type = RequestRouted) -> Any:
    def decided() -> list[Any]:
        return [e for e in facts(client, kind) if e.run_id == run]

    wait_until(lambda: bool(decided()), PATIENCE_S, f"{kind.__name__} of {run}")
    return decided()[0]


def cosine(text: str, other: str) -> float:
    one, two = asyncio.run(ToyEncoder().encode([text, other])).vectors
    return float(np.frombuffer(one, "<f4") @ np.frombuffer(two, "<f4"))


def aether(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "cli.main", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment(settings), timeout=120,
        check=False,
    )  # fmt: skip


def test_a_request_is_routed_and_feedback_on_it_is_heard(grid: tuple[Settings, Client]) -> None:
    settings, client = grid
    run = ask(client, f"{name_of(2)} 50", "feedback")
    assert decision(client, run).capability == name_of(2)
    assert aether(settings, "feedback", run, "--right").returncode == 0
    given = [e.event for e in told(client, (t.FeedbackGiven,)) if e.event.run_id == run]
    assert [(g.chosen, g.label, g.verdict) for g in given] == [
        (name_of(2), name_of(2), t.Verdict.RIGHT)
    ]
    wrong = aether(settings, "feedback", run, "--wrong", "--should-be", "nobody")
    assert wrong.returncode == 6
    assert "nobody" in wrong.stdout
    assert aether(settings, "feedback", "no-such-run", "--right").returncode == 6
    assert aether(settings, "feedback", run, "--right", "--wrong").returncode == 2


def test_the_gateways_door_takes_feedback(grid: tuple[Settings, Client]) -> None:
    settings, client = grid
    run = ask(client, f"{name_of(3)} 51", "door")
    assert decision(client, run).capability == name_of(3)
    log = settings.data_dir / "logs" / "gateway.log"
    gateway = Role("gateway", ["-m", "cli.main", "gateway"], environment(settings), log)
    with running(gateway):
        wait_until(lambda: ready(settings), PATIENCE_S, "the gateway")
        body = {"run_id": run, "verdict": "wrong", "none_of_these": True}
        answered = httpx2.post(f"{settings.gateway_url}/api/feedback", json=body)
        assert (answered.status_code, answered.json()["run_id"]) == (202, run)
    accepted = (t.FeedbackAccepted,)
    wait_until(
        lambda: run in {e.event.run_id for e in told(client, accepted)}, PATIENCE_S, "a lesson"
    )


def ready(settings: Settings) -> bool:
    try:
        return httpx2.get(f"{settings.gateway_url}/readyz").is_success
    except httpx2.TransportError:
        return False


def test_weights_go_back_by_one_command_and_earlier_decisions_stay(
    grid: tuple[Settings, Client],
) -> None:
    settings, client = grid
    again = CapabilityOffered(card=card(0, shots=6))
    client.send(REGISTRY, name_of(0), again, EventId(derived("offer", "again")))
    client.flush()
    wait_until(lambda: len(promotions(client)) >= 2, PATIENCE_S, "weights of the new examples")
    promoted = promotions(client)
    wait_until(
        lambda: promoted[-1].version in {a.version for a in facts(client, RouterAdopted)},
        PATIENCE_S,
        "their adoption",
    )
    before = {e.run_id: e for e in facts(client, RequestRouted)}
    answered = aether(settings, "router", "rollback", "--reason", "test")
    assert answered.returncode == 0, answered.stderr
    assert promoted[-1].replaces in answered.stdout
    wait_until(
        lambda: (
            [a.version for a in facts(client, RouterAdopted)].count(promoted[-1].replaces)
            == 2 * SESSIONS.partitions
        ),
        PATIENCE_S,
        "the earlier weights in every partition",
    )
    after = {e.run_id: e for e in facts(client, RequestRouted)}
    assert {run: after[run] for run in before} == before
    assert "rolled back to" in aether(settings, "router", "history").stdout
    assert promoted[-1].replaces in aether(settings, "router", "show").stdout


def test_a_policy_holds_from_the_next_request_on(grid: tuple[Settings, Client]) -> None:
    settings, client = grid
    assert aether(settings, "router", "policy", "ask", "--threshold", "1.0").returncode == 0
    wait_until(
        lambda: len(facts(client, PolicyAdopted)) == SESSIONS.partitions, PATIENCE_S, "the policy"
    )
    asked = decision(client, ask(client, f"{name_of(1)} 70", "policy"), ClarificationAsked)
    assert asked.candidates[0].capability == CapabilityId(name_of(1))
    tell(client, t.PolicySet(unsure=t.Unsure.NEAREST, threshold=0.5))


def test_a_node_hears_once_and_in_order_of_what_it_subscribed_to(
    grid: tuple[Settings, Client],
) -> None:
    settings, client = grid
    wish = ("subscribe", "audit", f"{name_of(4)} 1", "--threshold", "0.45")
    answered = aether(settings, *wish)
    assert answered.returncode == 0, answered.stderr
    wait_until(
        lambda: len(facts(client, SubscriptionAdopted)) == SESSIONS.partitions, PATIENCE_S, "it"
    )
    labels = [4 if number % 2 == 0 else 1 for number in range(12)]
    texts = [f"{name_of(label)} {n}" for n, label in enumerate(labels)]
    runs = [ask(client, text, "heard") for text in texts]
    near = [run for run, text in zip(runs, texts, strict=True) if cosine(text, wish[2]) >= 0.45]
    assert 0 < len(near) < len(runs)
    wait_until(
        lambda: len(facts(client, MatchFound, matches_of("audit"))) >= len(near),
        PATIENCE_S,
        "matches",
    )
    assert [match.run_id for match in facts(client, MatchFound, matches_of("audit"))] == near
    assert aether(settings, *wish[:3], "--cancel").returncode == 0
