"""On a broker that enforces rights a node writes to its inbox alone, and the grid does its work.

What a node sends there takes part as if it had been sent directly; what it may not say is parked.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer

from engines.install import Installed
from processors.intake import ANSWERS
from streams.events.sessions import InferenceRequested, RequestRouted
from streams.io.client import Client as Door
from streams.io.settings import Settings, read_settings
from streams.topics import MEMORY, SESSIONS, inbox_of
from tests.conformance.clients import CLIENTS, Client, language_of
from tests.examples import typical
from tests.integration.clients.agents import at_work, told
from tests.integration.grid.front import Front, until
from tests.integration.grid.harness import everything, wait_until
from tests.integration.secured.broker import USERS, Broker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_000)]

NODE = "node"
LATE_S = 240.0


class Secured(Front):
    """A grid on the secured broker; its agents come in as a node."""

    def __init__(self, front: Front, broker: Broker) -> None:
        super().__init__(front.folder, front.ports)
        self._broker = broker
        options = broker.scram("grid", USERS["grid"])
        self.env |= {
            "AETHER_KAFKA__BOOTSTRAP": broker.sasl,
            "AETHER_KAFKA__OPTIONS": json.dumps(options),
            "AETHER_REGISTRY__URL": broker.registry_url,
            "AETHER_WORKER__INBOXES": json.dumps([NODE]),
        }

    @property
    def settings(self) -> Settings:
        """The settings of the operator, who may look at everything."""
        kafka = {"bootstrap": self._broker.plain}
        return read_settings(
            data_dir=self.folder, kafka=kafka, registry={"url": self._broker.registry_url}
        )


@pytest.fixture(scope="module")
def secured(
    broker: Broker, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Secured]:
    """A grid with its own rights and no others; the operator gives the node its."""
    front = Front(tmp_path_factory.mktemp("secured-grid"))
    operator = {"AETHER_KAFKA__BOOTSTRAP": broker.plain}
    done = front.run("topic", "acl", f"User:{NODE}", "--node", NODE, **operator)
    assert done.code == 0, done
    begun = Secured(front, broker)
    try:
        begun.succeed("up", "--detach")
        yield begun
        begun.succeed("down")
    finally:
        begun.clean_up()


@pytest.fixture
def as_node(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let agents of a test come in as the node."""
    for name, value in {
        "AETHER_SASL": "SCRAM-SHA-512",
        "AETHER_USER": NODE,
        "AETHER_PASSWORD": USERS[NODE],
        "AETHER_INBOX": NODE,
    }.items():
        monkeypatch.setenv(name, value)


def written(broker: Broker, topic: str, value: bytes = b"") -> KafkaError | None:
    """Write a record as the node; return what the broker says against it."""
    heard: list[KafkaError | None] = []
    producer = Producer(
        {
            "bootstrap.servers": broker.sasl,
            "enable.idempotence": False,
            **broker.scram(NODE, USERS[NODE]),
        }
    )
    producer.produce(topic, value, b"ada", on_delivery=lambda error, _: heard.append(error))
    assert producer.flush(LATE_S) == 0
    return heard[0]


def test_the_grid_answers_on_a_secured_broker(secured: Secured) -> None:
    asking = ("ask", "-o", "jsonl", "What is a partition?")
    until(lambda: secured.run(*asking).code == 0, "its own capability is in force, and answers")
    (answer,) = secured.succeed(*asking).rows
    assert answer["choices"][0]["message"]["content"]


def test_a_node_can_write_to_its_inbox_and_nowhere_else(secured: Secured, broker: Broker) -> None:
    denied = KafkaError.TOPIC_AUTHORIZATION_FAILED
    for topic in (SESSIONS, MEMORY, inbox_of("another")):
        error = written(broker, topic.name)
        assert error is not None
        assert error.code() == denied, topic.name
    assert written(broker, inbox_of(NODE).name) is None


@pytest.mark.usefixtures("as_node")
@pytest.mark.parametrize("client", CLIENTS, ids=language_of)
def test_a_node_asks_and_serves_through_its_inbox(
    ready: Client, secured: Secured, broker: Broker
) -> None:
    knocking = Knocking(secured, broker)
    with at_work(ready, knocking, "serve", NODE) as node:
        assert node.said()["serving"] == NODE
        answered = told(ready, knocking, "ask", NODE, f"inbox-{ready.language}", "hello")
        assert answered["text"] == f"{ready.language} heard: hello"
        node.ended_well()
    with Door(secured.settings) as door:
        said = list(door.wire.opened(everything(door, SESSIONS), (InferenceRequested, *ANSWERS)))
    requests = {e.event_id for e in said if isinstance(e.event, InferenceRequested)}
    (answer,) = [e for e in said if getattr(e.event, "text", "") == answered["text"]]
    assert answer.cause_id in requests


class Knocking(Secured):
    """The same grid as an agent reaches it."""

    @property
    def settings(self) -> Settings:
        """Where the node comes in."""
        kafka = {"bootstrap": self._broker.sasl}
        return read_settings(
            data_dir=self.folder, kafka=kafka, registry={"url": self._broker.registry_url}
        )


def test_a_decision_forged_in_an_inbox_is_parked(secured: Secured, broker: Broker) -> None:
    with Door(secured.settings) as door:
        forged = door.wire.codec.encode(typical(RequestRouted))
        assert written(broker, inbox_of(NODE).name, forged) is None
        letters = inbox_of(NODE).dead_letters

        def parked() -> list[Any]:
            found = []
            for partition in range(inbox_of(NODE).partitions):
                span = door.log.span(letters, partition)
                for batch in door.log.read(letters, partition, *span):
                    found += [record for record in batch if record.value == forged]
            return found

        wait_until(lambda: len(parked()) == 1, LATE_S, "the forged decision to be parked")
        values = [record.value for record in everything(door, SESSIONS)]
        assert forged not in values
