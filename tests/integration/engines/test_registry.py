"""A real registry keeps schemas in Kafka, refuses incompatible ones, and can be killed.

Our schemas are registered all or none, under a rule that stands before the first of them.
"""

import json
import os
import signal
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from cli.codes import CHECK
from cli.grid import prepare_log
from cli.main import run
from engines.install import Installed
from engines.ports import free_port
from engines.registry import api_url, registry
from engines.service import Service
from engines.supervisor import Supervisor
from streams.errors import IncompatibleSchema
from streams.events.chunks import TextEmitted
from streams.events.registry import EVENTS as REGISTRY_EVENTS
from streams.io import schemas
from streams.io.codec import Codec, subject_of
from streams.io.registry import ConfluentRegistry
from streams.io.settings import read_settings
from streams.topics import CHUNKS, Topic
from tests.engines_fixtures import alone

pytestmark = pytest.mark.integration

OLD = {"type": "record", "name": "Fact", "fields": [{"name": "a", "type": "string"}]}
WITH_DEFAULT = {
    **OLD,
    "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "int", "default": 0}],
}
WITHOUT_DEFAULT = {
    **OLD,
    "fields": [{"name": "a", "type": "string"}, {"name": "c", "type": "int"}],
}


def register(url: str, subject: str, schema: Mapping[str, object]) -> httpx.Response:
    body = {"schema": json.dumps(schema)}
    return httpx.post(f"{url}/subjects/{subject}/versions", json=body, timeout=30)


def backward_transitive(url: str, subject: str) -> None:
    body = {"compatibility": "BACKWARD_TRANSITIVE"}
    httpx.put(f"{url}/config/{subject}", json=body, timeout=30).raise_for_status()


def test_a_compatible_schema_is_taken_and_an_incompatible_one_refused(registry_url: str) -> None:
    first = register(registry_url, "facts", OLD)
    assert first.status_code == HTTPStatus.OK
    backward_transitive(registry_url, "facts")
    assert register(registry_url, "facts", OLD).json()["id"] == first.json()["id"]
    second = register(registry_url, "facts", WITH_DEFAULT)
    assert second.status_code == HTTPStatus.OK
    assert second.json()["id"] != first.json()["id"]
    assert register(registry_url, "facts", WITHOUT_DEFAULT).status_code == HTTPStatus.CONFLICT


def own_registry(installed: Installed, bootstrap: str, port: int, folder: Path) -> Service:
    """Return a registry that only this test uses."""
    service = registry(
        installed.registry,
        port=port,
        management_port=free_port(),
        kafka_port=int(bootstrap.rpartition(":")[2]),
        log=folder / "registry.log",
        environment=os.environ,
    )
    return alone(service)


def test_schemas_survive_a_kill(installed: Installed, kafka_bootstrap: str, tmp_path: Path) -> None:
    port = free_port()
    service = own_registry(installed, kafka_bootstrap, port, tmp_path)
    with Supervisor([service]) as supervisor:
        supervisor.start()
        number = register(api_url(port), "survivors", OLD).json()["id"]
        before = supervisor.pid("registry")
        assert before is not None
        os.kill(before, signal.SIGKILL)
        while supervisor.pid("registry") == before:
            supervisor.tick()
        supervisor.watch(lambda: supervisor.is_ready)
        found = httpx.get(f"{api_url(port)}/schemas/ids/{number}", timeout=30)
        assert json.loads(found.json()["schema"]) == OLD


def new_topic() -> Topic:
    """Return a topic of its own whose events are those of the registry's area."""
    return Topic(name=f"aether.registry.{uuid.uuid4().hex}", key="k")


def versions(url: str, subject: str) -> list[int]:
    answer = httpx.get(f"{url}/subjects/{subject}/versions", timeout=30)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return []
    found: list[int] = answer.json()
    return found


def subjects(topic: Topic) -> list[str]:
    return [subject_of(topic.name, kind) for kind in REGISTRY_EVENTS]


def rule(url: str, subject: str) -> str:
    answer = httpx.get(f"{url}/config/{subject}", timeout=30)
    return str(answer.json().get("compatibilityLevel"))


def other(kind: type) -> Mapping[str, object]:
    """Return a schema of an event's name that readers of ours could not read."""
    space, _, name = schemas.full_name(kind).rpartition(".")
    fields = [{"name": "else", "type": "string"}]
    return {"type": "record", "name": name, "namespace": space, "fields": fields}


def test_registered_schemas_are_learnt_and_their_subjects_hold_our_rule(registry_url: str) -> None:
    topic = new_topic()
    with closing(ConfluentRegistry(registry_url)) as client:
        Codec(client).learn(topic, register=True)
        Codec(client).learn(topic, register=True)
        Codec(client).learn(topic)
    assert [versions(registry_url, s) for s in subjects(topic)] == [[1]] * len(REGISTRY_EVENTS)
    assert {rule(registry_url, s) for s in subjects(topic)} == {"BACKWARD_TRANSITIVE"}


def test_the_rule_stands_before_anything_is_registered(registry_url: str) -> None:
    topic = new_topic()
    with closing(ConfluentRegistry(registry_url)) as client:
        Codec(client).check(topic)
    for subject, kind in zip(subjects(topic), REGISTRY_EVENTS, strict=True):
        assert versions(registry_url, subject) == []
        register(registry_url, subject, other(kind)).raise_for_status()
        refused = register(registry_url, subject, json.loads(schemas.text_of(kind)))
        assert refused.status_code == HTTPStatus.CONFLICT


def test_a_subject_that_a_crash_left_without_the_rule_gets_it(registry_url: str) -> None:
    subject, schema = f"crashed-{uuid.uuid4().hex}", json.dumps(OLD)
    register(registry_url, subject, OLD).raise_for_status()
    assert rule(registry_url, subject) != "BACKWARD_TRANSITIVE"
    with closing(ConfluentRegistry(registry_url)) as client:
        client.register(subject, schema)
        with pytest.raises(IncompatibleSchema):
            client.register(subject, json.dumps(WITHOUT_DEFAULT))
        with pytest.raises(IncompatibleSchema):
            client.check(subject, json.dumps(WITHOUT_DEFAULT))
        client.check(subject, json.dumps(WITH_DEFAULT))
        client.check(subject, schema)
    assert versions(registry_url, subject) == [1]


def test_one_incompatible_schema_stops_the_start_before_any_is_registered(
    installed: Installed, kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, kind = CHUNKS, TextEmitted  # the last to be registered
    port = free_port()
    made = own_registry(installed, kafka_bootstrap, port, tmp_path)
    own = {f"APICURIO_KAFKASQL{part}_TOPIC": f"own{part}" for part in ("", "_SNAPSHOTS", "_EVENTS")}
    service = replace(made, environment={**made.environment, **own})
    monkeypatch.setenv("AETHER_KAFKA__BOOTSTRAP", kafka_bootstrap)
    monkeypatch.setenv("AETHER_REGISTRY__URL", api_url(port))
    with Supervisor([service]) as supervisor:
        supervisor.start()
        register(api_url(port), subject_of(topic.name, kind), other(kind)).raise_for_status()
        with pytest.raises(IncompatibleSchema, match="TextEmitted"):
            prepare_log(read_settings())
        assert run(["schema", "register"]) == CHECK
        found = httpx.get(f"{api_url(port)}/subjects", timeout=30).json()
        assert found == [subject_of(topic.name, kind)]
