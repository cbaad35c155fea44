"""The embedded schema registry: Apicurio with its schemas in Kafka, on the loopback address.

Its configuration is `infra/apicurio/registry.env` and, after it, the addresses.
"""

from collections.abc import Mapping
from pathlib import Path

from engines import kafka
from engines.java import BRIEF, StartCache, java
from engines.places import INFRA
from engines.ports import LOOPBACK, require_free
from engines.probe import http_answers
from engines.process import plain_environment
from engines.service import Service

NAME = "registry"
API = "/apis/ccompat/v7"
_HEAP_MB = 384
_CAUSES = {
    "Address already in use": "another program took its port: choose another one",
    "TimeoutException": "Kafka did not answer: look at its state and its log first",
    "OutOfMemoryError": "its heap is too small for the schemas: give it more",
}


def api_url(port: int) -> str:
    """Return the address that Confluent's clients are given."""
    return f"http://{LOOPBACK}:{port}{API}"


def registry(
    application: Path,
    *,
    port: int,
    management_port: int,
    kafka_port: int,
    log: Path,
    environment: Mapping[str, str],
    heap_mb: int = _HEAP_MB,
) -> Service:
    """Return a registry that starts beside Kafka and is stopped before it.

    With Kafka away it answers reads, and neither writes nor an orderly end succeed: hence the
    short grace.
    """
    command = [*java(heap_mb, BRIEF), "-jar", "quarkus-run.jar"]
    cache = StartCache(application, command)
    addresses = _addresses(port, management_port, kafka_port)

    def prepare() -> None:
        require_free(port, "the schema registry", "ports.registry")
        require_free(management_port, "the registry's management", "ports.registry_management")

    return Service(
        name=NAME,
        command=[command[0], *cache.options, *command[1:]],
        environment={**plain_environment(environment), **_common(), **addresses},
        directory=application,
        log=log,
        ready=lambda: http_answers(management_port, "/health/ready"),
        prepare=prepare,
        settle=cache.settle,
        needs=(kafka.NAME,),
        eager=True,
        ready_within_s=180.0,
        grace_s=5.0 if cache.exists else StartCache.WRITING_S,
        causes=_CAUSES,
    )


def _common() -> dict[str, str]:
    lines = (INFRA / "apicurio" / "registry.env").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in pairs}  # noqa: C416 - dict() has no types for lists


def _addresses(port: int, management_port: int, kafka_port: int) -> dict[str, str]:
    return {
        "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{kafka_port}",
        "KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{kafka_port}",
        "QUARKUS_HTTP_HOST": LOOPBACK,
        "QUARKUS_HTTP_PORT": str(port),
        "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
        "QUARKUS_MANAGEMENT_PORT": str(management_port),
    }
