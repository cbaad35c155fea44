"""The brokers that the Compose file describes keep every record, with one of them gone as well."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from cli.capabilities import ANSWER
from cli.grid import MODELS
from engines.install import Installed
from engines.places import REPOSITORY
from engines.ports import LOOPBACK, free_port
from engines.probe import http_answers
from engines.registry import api_url, registry
from engines.service import Service
from engines.supervisor import Supervisor
from processors.models.extractive import NOTHING
from streams.errors import DeliveryFailed
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.registry import ConfluentRegistry
from streams.log import Draft
from streams.topics import SESSIONS, TOPICS
from tests.engines_fixtures import ServeModels, alone
from tests.infra.cluster import Cluster, command_of
from tests.infra.compose_file import BROKERS, pairs
from tests.infra.programs import run

pytestmark = pytest.mark.integration

WANTED = {t.name for t in TOPICS} | {t.dead_letters for t in TOPICS if t.retention_ms is None}
WITHIN_S = 60.0
REGISTRYS = {"kafkasql-journal", "kafkasql-snapshots", "registry-events"}


class Running(NamedTuple):
    """The cluster with its registry."""

    cluster: Cluster
    supervisor: Supervisor
    registry: str

    def job(self, service: str) -> None:
        """Run one of the jobs to its end, as its container would."""
        environment = self.cluster.environment(service)
        environment["AETHER_REGISTRY__URL"] = self.registry
        command = [sys.executable, "-P", "-m", "cli.main", *command_of(service)]
        done = run(command, directory=REPOSITORY, environment=environment)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def running(
    installed: Installed, env_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Three brokers and a registry over them, with topics and schemas made by the jobs."""
    folder = tmp_path_factory.mktemp("cluster")
    cluster = Cluster.planned(folder, installed.kafka, pairs(env_file.read_text()))
    port = free_port()
    over = registry(
        installed.registry,
        port=port,
        management_port=free_port(),
        kafka_port=cluster.ports[BROKERS[0]]["HOST"],
        log=folder / "registry.log",
        environment=os.environ,
    )
    with (
        Supervisor([cluster.broker(name) for name in BROKERS]) as supervisor,
        Supervisor([alone(over)]) as registries,
    ):
        supervisor.start()
        registries.start()
        running = Running(cluster, supervisor, api_url(port))
        running.job("topics")
        running.job("schemas")
        running.job("capabilities")
        yield running


def test_every_topic_of_the_grid_and_of_the_registry_is_on_three_brokers(running: Running) -> None:
    admin = AdminClient({"bootstrap.servers": running.cluster.bootstrap})
    present = {
        name for name in admin.list_topics(timeout=WITHIN_S).topics if not name.startswith("_")
    }
    assert present >= WANTED | {"kafkasql-journal"}
    assert present <= WANTED | REGISTRYS
    described = admin.describe_topics(TopicCollection(sorted(present)))
    copies = {
        name: {len(partition.replicas) for partition in topic.result(WITHIN_S).partitions}
        for name, topic in described.items()
    }
    assert copies == {name: {len(BROKERS)} for name in present}


def test_two_brokers_must_have_a_record_before_it_is_acknowledged(running: Running) -> None:
    admin = AdminClient({"bootstrap.servers": running.cluster.bootstrap})
    names = sorted(WANTED | {"kafkasql-journal"})
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    told = {
        resource.name: found.result(WITHIN_S)["min.insync.replicas"].value
        for resource, found in admin.describe_configs(asked).items()
    }
    assert told == dict.fromkeys(names, "2")


def own(running: Running, service: str, folder: Path, **settings: str) -> Service:
    """Return a process of ours as its container runs it.

    The index is embedded, for Qdrant's server is not to be had here; and this machine is one, so
    ports and addresses are `settings`.
    """
    given = running.cluster.environment(service)
    kept = {k: v for k, v in given.items() if not k.startswith("AETHER_QDRANT__")}
    address = {"AETHER_REGISTRY__URL": running.registry, "AETHER_DATA_DIR": str(folder)}
    port, path = settings.pop("port"), settings.pop("path")
    return Service(
        name=service,
        command=[sys.executable, "-P", "-m", "cli.main", *command_of(service)],
        environment={**kept, **address, **settings},
        directory=REPOSITORY,
        log=folder / f"{service}.log",
        ready=lambda: http_answers(int(port), path),
        ready_within_s=180.0,
    )


def test_a_worker_and_a_gateway_answer_on_the_three_brokers(
    running: Running, serve_models: ServeModels, tmp_path: Path
) -> None:
    ports = {name: str(free_port()) for name in ("GATEWAY", "WORKER_METRICS")}
    settings = {f"AETHER_PORTS__{name}": port for name, port in ports.items()}
    settings["AETHER_TRITON__ADDRESS"] = serve_models(REPOSITORY / "triton_models", MODELS)
    door = ports["GATEWAY"]
    worker = own(
        running, "worker", tmp_path, port=ports["WORKER_METRICS"], path="/metrics", **settings
    )
    gateway = own(running, "gateway", tmp_path, port=door, path="/readyz", **settings)
    with Supervisor([worker, gateway]) as processes:
        processes.start()
        with httpx.Client(
            base_url=f"http://{LOOPBACK}:{door}/v1", trust_env=False, timeout=2 * WITHIN_S
        ) as client:
            _await_capability(client, ANSWER)
            question = {"role": "user", "content": "When is the deadline?"}
            asked = {"model": ANSWER, "messages": [question]}
            answer = _answered(client, asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == NOTHING


def _answered(client: httpx.Client, asked: Any) -> httpx.Response:
    """Ask until the capability was also carried to the session's own partition."""
    deadline = time.monotonic() + 2 * WITHIN_S
    while (answer := client.post("/chat/completions", json=asked)).status_code == 404:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer


def _await_capability(client: httpx.Client, name: str) -> None:
    """Wait until what the job offered has been perceived, registered and carried to the doors."""
    deadline = time.monotonic() + 2 * WITHIN_S
    while name not in {model["id"] for model in client.get("/models").json()["data"]}:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_with_one_broker_killed_records_and_schemas_are_still_taken(running: Running) -> None:
    killed = running.supervisor.pid(BROKERS[1])
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    told: list[DeliveryFailed | None] = []
    drafts = [Draft(SESSIONS.name, p, b"ada", b"kept", []) for p in range(SESSIONS.partitions)]
    with closing(KafkaLog(running.cluster.bootstrap, PROCESSOR)) as log:
        assert log.append(drafts, told.append) == len(drafts)
        assert log.flush(WITHIN_S) == 0
    assert told == [None] * len(drafts)
    with closing(ConfluentRegistry(running.registry, WITHIN_S)) as registered:
        assert registered.register("probe", '"string"') > 0
