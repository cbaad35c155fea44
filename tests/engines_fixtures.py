"""Real engines for tests that need them: started when first asked for, stopped whatever happens.

Import the fixtures that a `conftest.py` wants to offer. Everything lies in a temporary directory
and listens on free ports; what has to be downloaded is kept in the cache that every clone shares.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engines.install import Installed, install
from engines.kafka import KafkaFiles, kafka
from engines.places import cache_directory
from engines.ports import LOOPBACK, free_port
from engines.progress import Console
from engines.registry import api_url, registry
from engines.service import Service
from engines.supervisor import Supervisor
from engines.triton import TritonPorts, triton

__all__ = ["engine_home", "installed", "kafka_bootstrap", "registry_url", "serve_models"]

# Serves models of a repository; returns host:port of Triton's gRPC.
ServeModels = Callable[[Path, Sequence[str]], str]


def alone(service: Service) -> Service:
    """Return a service that is supervised without what it needs, which somebody else runs."""
    return replace(service, needs=())


@pytest.fixture(scope="session")
def installed() -> Installed:
    """What the engines run on; the first time on a machine this downloads about 410 MB."""
    return install(cache_directory(os.environ), Console(sys.__stderr__ or sys.stderr))


@pytest.fixture(scope="session")
def engine_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the engines' data and logs."""
    return tmp_path_factory.mktemp("engines")


@contextmanager
def kafka_running(installed: Installed, home: Path) -> Iterator[str]:
    """Run an empty Kafka; its address."""
    files = KafkaFiles(jars=installed.kafka, directory=home / "kafka", log=home / "kafka.log")
    port = free_port()
    service = kafka(files, port=port, controller_port=free_port(), environment=os.environ)
    with Supervisor([service]) as supervisor:
        supervisor.start()
        yield f"{LOOPBACK}:{port}"


@pytest.fixture(scope="session")
def kafka_bootstrap(installed: Installed, engine_home: Path) -> Iterator[str]:
    """Return the address of an empty Kafka for the whole session."""
    with kafka_running(installed, engine_home) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def registry_url(installed: Installed, engine_home: Path, kafka_bootstrap: str) -> Iterator[str]:
    """Return the Confluent API of a registry over the session's Kafka."""
    port = free_port()
    service = registry(
        installed.registry,
        port=port,
        management_port=free_port(),
        kafka_port=int(kafka_bootstrap.rpartition(":")[2]),
        log=engine_home / "registry.log",
        environment=os.environ,
    )
    with Supervisor([alone(service)]) as supervisor:
        supervisor.start()
        yield api_url(port)


@pytest.fixture(scope="session")
def serve_models(installed: Installed, engine_home: Path) -> Iterator[ServeModels]:
    """Return a function that starts a Triton with some models; it runs until the session ends."""
    if installed.no_triton:
        pytest.skip(f"the embedded Triton cannot run here: {installed.no_triton}")
    with ExitStack() as running:

        def serve(repository: Path, models: Sequence[str]) -> str:
            ports = TritonPorts(http=free_port(), grpc=free_port(), metrics=free_port())
            service = triton(
                installed.models,
                models=models,
                repository=repository,
                ports=ports,
                log=engine_home / f"triton-{ports.grpc}.log",
                environment=os.environ,
            )
            running.enter_context(Supervisor([service])).start()
            return f"{LOOPBACK}:{ports.grpc}"

        yield serve
