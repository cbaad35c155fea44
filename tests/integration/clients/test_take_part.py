"""Each language asks, and is asked: it serves a capability to which the grid routes questions.

All of them and HTTP produce at once: nothing is lost, misplaced, out of order or read differently.
One file, so that one grid is enough.
"""

import pytest

from benchmarks._flood import flood
from streams.envelope import CAUSATION, ID
from streams.events import sessions as s
from streams.events.sessions import InferenceCompleted, InferenceRequested
from streams.ids import EventId, ProcessorName, of_decision
from streams.io.client import Client as Door
from streams.topics import SESSIONS
from tests.conformance.built import built
from tests.conformance.clients import CLIENTS, Client, language_of
from tests.integration.clients.agents import at_work, told
from tests.integration.clients.conftest import NODE_PATIENCE_S
from tests.integration.grid.front import Front
from tests.integration.grid.harness import everything

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_000)]

#: How many events each language produces at once with the others.
EACH = 2_000
STEPS = {
    *("RequestReceived", "RequestRouted", "RunStarted", "PlanMade"),
    *("InferenceRequested", "InferenceCompleted", "ResponseCompleted"),
}
#: What no node can answer, and a word of why; it goes on serving.
UNFIT = {"overflow": "large", "nonsense": "this is no aether.sessions.InferenceCompleted"}


@pytest.mark.parametrize("client", CLIENTS, ids=language_of)
def test_a_language_asks_and_serves(client: Client, front: Front) -> None:
    built(client)
    name, text = f"{client.language}-echo", "Grüße 🌍"
    with at_work(client, front, "serve", name) as node:
        assert node.said() == {"serving": name, "version": 1}
        answered = told(client, front, "ask", name, f"session-{client.language}", text)
        assert answered["text"] == f"{client.language} heard: {text}"
        assert answered["capability"] == name
        kinds = [kind.removeprefix("aether.sessions.") for kind in answered["events"]]
        assert (kinds[0], kinds[-1]) == ("RequestReceived", "ResponseCompleted")
        assert set(kinds) >= STEPS
        for unfit, why in UNFIT.items():
            failed = told(client, front, "ask", name, unfit, f"please {unfit}")
            assert failed["failed"] == "node_failed"
            assert why in failed["detail"]
        by_meaning = told(client, front, "ask", "aether", f"again-{client.language}", name)
        assert by_meaning["capability"] == name
        refused = told(client, front, "ask", name, "refused", "please refuse")
        assert refused == {"failed": "not_today", "detail": f"{client.language} will not"}
        node.ended_well()
    assert ids_of(front, answered["run"]) == derived_ids(front, answered["run"], name)


def ids_of(front: Front, run: str) -> list[str]:
    """Return the ids of what nodes answered in a run."""
    with Door(front.settings) as door:
        return [
            dict(record.headers)[ID].decode()
            for record in everything(door, SESSIONS)
            if door.wire.codec.kind_of(record.value) is InferenceCompleted
            and door.wire.open(record).event.run_id == run
        ]


def derived_ids(front: Front, run: str, name: str) -> list[str]:
    """Return the ids that the answers must have, each of its request."""
    with Door(front.settings) as door:
        return [
            of_decision(EventId(dict(r.headers)[ID].decode()), ProcessorName(f"work/{name}"), 0)
            for r in everything(door, SESSIONS)
            if door.wire.codec.kind_of(r.value) is InferenceRequested
            and door.wire.open(r).event.run_id == run
            and CAUSATION in dict(r.headers)
        ]


def test_a_node_offered_twice_is_the_same_version(front: Front) -> None:
    client = CLIENTS[0]
    for _ in range(2):
        with at_work(client, front, "serve", "twice") as node:
            assert node.said() == {"serving": "twice", "version": 1}
            node.ended_well()


def test_a_run_that_no_node_answers_fails_and_its_late_answer_changes_nothing(
    front: Front,
) -> None:
    client, session = CLIENTS[0], "session-asleep"
    with at_work(client, front, "serve", "asleep") as node:
        assert node.said()["serving"] == "asleep"
        node.ended_well()
    said = f"no node answered for work/asleep in {NODE_PATIENCE_S} s"
    asked = told(client, front, "ask", "asleep", session, "anybody?")
    assert asked == {"failed": "node_away", "detail": said}
    with at_work(client, front, "serve", "asleep") as node:
        assert node.said()["serving"] == "asleep"
        answered = told(client, front, "ask", "asleep", session, "now?")
        node.ended_well()
    assert answered["text"] == "python heard: now?"
    outcomes = [s.RunFailed, s.ResponseCompleted]
    with Door(front.settings) as door:
        here = [r for r in everything(door, SESSIONS) if r.key == session.encode()]
        kinds = [door.wire.codec.kind_of(record.value) for record in here]
    assert kinds.count(InferenceCompleted) == 2  # the first of them came late
    assert [kind for kind in kinds if kind in outcomes] == outcomes


def test_what_all_languages_produce_at_once_is_there_in_order_and_read_alike(front: Front) -> None:
    clients = [client for client in CLIENTS if client.missing is None]
    found = flood(front.settings, clients, EACH)
    assert found.faults == []
    assert {told["count"] for told in found.read.values()} == {EACH * len(found.produced)}
    if len(clients) < len(CLIENTS):
        missing = [client.missing for client in CLIENTS if client.missing is not None]
        pytest.skip(f"skipped: no {', '.join(missing)}; the others agree")
