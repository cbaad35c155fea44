"""A real registry keeps schemas in Kafka, refuses incompatible ones, and can be killed."""

import json
import os
import signal
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from engines.install import Installed
from engines.ports import free_port
from engines.registry import api_url, registry
from engines.supervisor import Supervisor
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


def test_schemas_survive_a_kill(installed: Installed, kafka_bootstrap: str, tmp_path: Path) -> None:
    port = free_port()
    service = registry(
        installed.registry,
        port=port,
        management_port=free_port(),
        kafka_port=int(kafka_bootstrap.rpartition(":")[2]),
        log=tmp_path / "registry.log",
        environment=os.environ,
    )
    with Supervisor([alone(service)]) as supervisor:
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
