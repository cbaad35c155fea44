"""The embedded grid as services: which of them this machine runs follows from the settings.

What the settings place elsewhere is not started here; everything else about it is the same.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from engines.console import console_directory
from engines.install import Installed
from engines.kafka import NAME as KAFKA
from engines.kafka import KafkaFiles, kafka
from engines.places import cache_directory
from engines.ports import LOOPBACK, free_port, require_free
from engines.probe import http_answers
from engines.registry import NAME as REGISTRY
from engines.registry import registry
from engines.service import Service
from engines.triton import TritonPorts, triton
from streams.errors import Misconfigured
from streams.io.sections import IN_PROCESS
from streams.io.settings import ROOT, Settings
from streams.topics import TOPICS, inbox_of

MODELS = ("minilm", "extractive")
WORKER, GATEWAY, ARCHIVE = "worker", "gateway", "archive"
LOG_ENGINES = (KAFKA, REGISTRY)
READY_LINE = "aether_worker_partitions "
#: A worker waits for the log first, which on a busy machine takes its time.
READY_S = 240.0


def logs(settings: Settings) -> Path:
    """Return where every process's log lies."""
    return settings.data_dir / "logs"


def services(settings: Settings, installed: Installed) -> list[Service]:
    """Return what this machine runs, each with what it needs.

    Our own processes start at once and wait for the log by themselves: to import takes as long as
    Kafka needs.
    """
    started = engines(settings, installed)
    needs = tuple(engine.name for engine in started)
    environment = _environment(settings, installed)
    wanted = [
        *started,
        _worker(settings, needs, environment),
        _gateway(settings, needs, environment),
    ]
    if settings.archive.keep:
        wanted.append(_archive(settings, environment))
    return wanted


def engines(settings: Settings, installed: Installed) -> list[Service]:
    """Return the engines this machine runs; the log is ready once it has topics and schemas."""
    found = list(_engines(settings, installed))
    log = [engine for engine in found if engine.name in LOG_ENGINES]
    if not log:
        prepare_log(settings)
    return [_prepared(engine, settings) if engine in log[-1:] else engine for engine in found]


def _prepared(engine: Service, settings: Settings) -> Service:
    """Return the last engine of the log, ready once the log itself is."""
    done = False

    def ready() -> bool:
        nonlocal done
        if not done and engine.ready():
            prepare_log(settings)
            done = True
        return done

    return replace(engine, ready=ready)


def prepare_log(settings: Settings) -> None:
    """Create the topics and register the schemas, as far as they are not there.

    Raises Conflict for a topic that is otherwise, IncompatibleSchema for a schema that old records
    could not be read with.
    """
    from streams.io.codec import Codec
    from streams.io.kafka.topics import create_topics
    from streams.io.registry import ConfluentRegistry

    replication = 1 if settings.kafka.bootstrap is None else -1
    wanted = [*TOPICS, *map(inbox_of, settings.worker.inboxes)]
    create_topics(
        settings.bootstrap, settings.kafka_options, replication=replication, topics=wanted
    )
    with closing(ConfluentRegistry(settings.registry_url)) as registered:
        codec = Codec(registered)
        for topic in TOPICS:  # all of them or none: half a release helps nobody
            codec.check(topic)
        for topic in TOPICS:
            codec.learn(topic, register=True)


def _engines(settings: Settings, installed: Installed) -> Iterator[Service]:
    """Yield Triton first: it loads its models while Kafka's directory is formatted."""
    ports, home = settings.ports, settings.data_dir
    if settings.triton.address is None and installed.no_triton is None:
        yield triton(
            installed.models,
            models=MODELS,
            repository=ROOT / "triton_models",
            ports=TritonPorts(
                http=ports.triton_http, grpc=ports.triton_grpc, metrics=ports.triton_metrics
            ),
            log=logs(settings) / "triton.log",
            environment=os.environ,
        )
    if settings.kafka.bootstrap is None:
        files = KafkaFiles(
            jars=installed.kafka, directory=home / "kafka", log=logs(settings) / "kafka.log"
        )
        yield kafka(
            files,
            port=ports.kafka,
            controller_port=ports.kafka_controller,
            environment=os.environ,
        )
    if settings.registry.url is None:
        if settings.kafka.bootstrap is not None:
            raise Misconfigured(
                "Kafka is elsewhere, so the registry over it must be, too",
                fix="set `registry.url` (AETHER_REGISTRY__URL)",
            )
        yield registry(
            installed.registry,
            port=ports.registry,
            management_port=ports.registry_management,
            kafka_port=ports.kafka,
            log=logs(settings) / "registry.log",
            environment=os.environ,
        )


def _environment(settings: Settings, installed: Installed) -> Mapping[str, str]:
    """Return what our own processes get: the caller's environment, and where the models run."""
    environment = dict(os.environ)
    console = settings.gateway.console or console_directory(cache_directory(os.environ))
    environment["AETHER_GATEWAY__CONSOLE"] = str(console)
    if settings.triton.address is None and installed.no_triton is not None:
        environment["AETHER_TRITON__ADDRESS"] = IN_PROCESS
        environment["AETHER_TRITON__PACKAGES"] = str(installed.models.packages)
    return environment


def helper(settings: Settings, worker: Service, number: int) -> Service:
    """Return another worker of the same group: it begins with nothing of its own but the log."""
    folder, port = settings.data_dir / "helpers" / str(number), free_port()
    name = f"{WORKER}-{number}"
    own = {"AETHER_WORKER__FOLDER": str(folder), "AETHER_PORTS__WORKER_METRICS": str(port)}
    return replace(
        worker,
        name=name,
        environment={**worker.environment, **own},
        log=logs(settings) / f"{name}.log",
        ready=lambda: _reads_partitions(port),
        prepare=lambda: shutil.rmtree(folder, ignore_errors=True),
    )


def _worker(settings: Settings, needs: tuple[str, ...], environment: Mapping[str, str]) -> Service:
    port = settings.ports.worker_metrics
    return Service(
        name=WORKER,
        command=[sys.executable, "-P", "-m", "cli.main", "worker"],
        environment=environment,
        directory=ROOT,
        log=logs(settings) / "worker.log",
        ready=lambda: _reads_partitions(port),
        prepare=lambda: require_free(port, "the worker's metrics", "ports.worker_metrics"),
        needs=needs,
        eager=True,
        ready_within_s=READY_S,
        grace_s=20.0,
    )


def _gateway(settings: Settings, needs: tuple[str, ...], environment: Mapping[str, str]) -> Service:
    port = settings.ports.gateway
    return Service(
        name=GATEWAY,
        command=[sys.executable, "-P", "-m", "cli.main", "gateway"],
        environment=environment,
        directory=ROOT,
        log=logs(settings) / "gateway.log",
        ready=lambda: http_answers(port, "/readyz"),
        prepare=lambda: require_free(port, "the gateway", "ports.gateway"),
        needs=needs,
        eager=True,
        ready_within_s=READY_S,
        grace_s=20.0,
    )


def _archive(settings: Settings, environment: Mapping[str, str]) -> Service:
    """Return who keeps the archive: it begins once the others are ready, and nobody waits."""
    return Service(
        name=ARCHIVE,
        command=[sys.executable, "-P", "-m", "cli.main", "archive", "keep"],
        environment=environment,
        directory=ROOT,
        log=logs(settings) / "archive.log",
        ready=lambda: True,
        needs=(WORKER, GATEWAY),
    )


def _reads_partitions(port: int) -> bool:
    """Whether the worker's group gave it partitions to read."""
    try:
        with closing(HTTPConnection(LOOPBACK, port, timeout=0.5)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
    except (OSError, HTTPException):
        return False
    told = [line for line in text.splitlines() if line.startswith(READY_LINE)]
    return bool(told) and float(told[0].removeprefix(READY_LINE)) > 0
