"""A real Kafka formats its directory once, and keeps its records whatever happens to it."""

import os
import signal
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewTopic

from engines.install import Installed
from engines.kafka import KafkaFiles, kafka
from engines.ports import LOOPBACK, free_port
from engines.service import Service
from engines.supervisor import Supervisor
from streams.errors import Conflict, Misconfigured

pytestmark = pytest.mark.integration


@pytest.fixture
def own_kafka(installed: Installed, tmp_path: Path) -> tuple[Service, str]:
    """A Kafka that the test may ill-treat, and its address."""
    folder = tmp_path / "José's \\ключ = 数据 🗝"
    files = KafkaFiles(jars=installed.kafka, directory=folder, log=tmp_path / "k.log")
    port = free_port()
    service = kafka(files, port=port, controller_port=free_port(), environment=os.environ)
    return service, f"{LOOPBACK}:{port}"


def test_a_directory_that_kafka_cannot_name_is_refused(
    installed: Installed, tmp_path: Path
) -> None:
    files = KafkaFiles(jars=installed.kafka, directory=tmp_path / "a,b", log=tmp_path / "k.log")
    service = kafka(files, port=free_port(), controller_port=free_port(), environment=os.environ)
    with pytest.raises(Misconfigured, match="a comma"), Supervisor([service]) as supervisor:
        supervisor.start()
    assert [path.name for path in tmp_path.iterdir()] == ["a,b"]


def create(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        made.result(30)


def produce(bootstrap: str, topic: str, value: bytes) -> KafkaError | None:
    """Produce a record and return what became of it."""
    outcome: list[KafkaError | None] = []
    producer = Producer(
        {"bootstrap.servers": bootstrap, "acks": "all", "message.max.bytes": 10_000_000}
    )
    producer.produce(topic, value, on_delivery=lambda error, _message: outcome.append(error))
    assert producer.flush(30) == 0
    return outcome[0]


def read(bootstrap: str, topic: str) -> bytes | None:
    """Return the first record of a topic."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        consumer.subscribe([topic])
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        return message.value()
    finally:
        consumer.close()


def test_a_record_survives_a_kill_and_the_broker_is_taken_back(
    own_kafka: tuple[Service, str],
) -> None:
    service, bootstrap = own_kafka
    with Supervisor([service]) as supervisor:
        supervisor.start()
        create(bootstrap, "kept")
        assert produce(bootstrap, "kept", b"once") is None
        before = supervisor.pid("kafka")
        assert before is not None
        os.kill(before, signal.SIGKILL)
        while supervisor.pid("kafka") == before:
            supervisor.tick()
        supervisor.watch(lambda: supervisor.is_ready)
        assert read(bootstrap, "kept") == b"once"
        assert supervisor.ready_after_s["kafka"] < 20


def test_a_record_survives_an_orderly_restart_and_nothing_is_formatted_again(
    own_kafka: tuple[Service, str],
) -> None:
    service, bootstrap = own_kafka
    meta = Path(service.command[-1]).parent / "data" / "meta.properties"
    with Supervisor([service]) as supervisor:
        supervisor.start()
        create(bootstrap, "kept")
        assert produce(bootstrap, "kept", b"twice") is None
        cluster = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=30).cluster_id
        assert f"cluster.id={cluster}" in meta.read_text()
    with Supervisor([service]) as supervisor:
        supervisor.start()
        assert read(bootstrap, "kept") == b"twice"
        assert f"cluster.id={cluster}" in meta.read_text()


def test_a_directory_with_something_else_in_it_is_left_alone(
    own_kafka: tuple[Service, str],
) -> None:
    service, _ = own_kafka
    precious = Path(service.command[-1]).parent / "data" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("ten years")
    with pytest.raises(Conflict, match="data"):
        Supervisor([service]).start()
    assert precious.read_text() == "ten years"


def test_topics_are_never_made_by_a_typing_mistake(kafka_bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    refused = admin.list_topics("no.such.topic", timeout=30).topics["no.such.topic"].error
    assert refused is not None
    assert refused.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert "no.such.topic" not in admin.list_topics(timeout=30).topics


def test_a_message_of_two_megabytes_passes_and_a_larger_one_does_not(kafka_bootstrap: str) -> None:
    create(kafka_bootstrap, "large")
    assert produce(kafka_bootstrap, "large", b"x" * 2_000_000) is None
    refused = produce(kafka_bootstrap, "large", b"x" * 2_200_000)
    assert refused is not None
    assert refused.code() == KafkaError.MSG_SIZE_TOO_LARGE


def test_records_stay_and_carry_the_brokers_time(kafka_bootstrap: str) -> None:
    create(kafka_bootstrap, "configured")
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    topic = ConfigResource(ConfigResource.Type.TOPIC, "configured")
    (described,) = admin.describe_configs([topic]).values()
    values = {name: entry.value for name, entry in described.result(30).items()}
    assert values["retention.ms"] == "-1"
    assert values["message.timestamp.type"] == "LogAppendTime"
    assert values["cleanup.policy"] == "delete"
