"""The embedded Apache Kafka: one node, broker and controller at once, on the loopback address.

Its configuration is `infra/kafka/broker.properties` and, after it, what only one machine needs.
"""

import base64
import shutil
import struct
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engines.java import BRIEF, StartCache, java
from engines.places import INFRA
from engines.ports import LOOPBACK, require_free
from engines.probe import kafka_answers
from engines.process import plain_environment
from engines.service import Service
from streams.errors import Conflict, EngineFailed, Misconfigured

NAME = "kafka"
_HEAP_MB = 512
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
_EMBEDDED = """
# Added for one node on one machine.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller_port}
listeners=CLIENT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENT://{host}:{advertised_port}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
"""
_CAUSES = {
    "Address already in use": "another program took its port: choose another one",
    "No space left on device": "the disk is full: make room in the data directory",
    "Failed to acquire lock": "another Kafka uses the same data directory: stop that one first",
    "OutOfMemoryError": "its heap is too small for the data: give it more",
    "InconsistentClusterId": "the data directory belongs to another cluster: choose another one",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaFiles:
    """Where one embedded Kafka keeps things. `jars` is shared, the rest is its own."""

    jars: Path
    directory: Path
    log: Path

    @property
    def data(self) -> Path:
        """The log segments: the truth."""
        return self.directory / "data"

    @property
    def properties(self) -> Path:
        """The configuration, written anew at every start."""
        return self.directory / "server.properties"

    @property
    def classpath(self) -> str:
        """Every jar by name: a start cache holds only for the same list in the same order."""
        return ":".join(map(str, sorted(self.jars.glob("*.jar"))))


def kafka(
    files: KafkaFiles,
    *,
    port: int,
    controller_port: int,
    environment: Mapping[str, str],
    heap_mb: int = _HEAP_MB,
    advertised_port: int | None = None,
) -> Service:
    """Return a Kafka that formats its directory before its first start and never again.

    Clients are sent to `advertised_port`, where something else stands between them and the broker.
    """
    command = [*java(heap_mb, *_LOGGING), "-cp", files.classpath]
    cache = StartCache(files.jars, command)
    clean = plain_environment(environment)

    def prepare() -> None:
        require_free(port, "Kafka", "ports.kafka")
        require_free(controller_port, "Kafka's controller", "ports.kafka_controller")
        own = {
            "host": LOOPBACK,
            "port": port,
            "advertised_port": advertised_port or port,
            "controller_port": controller_port,
        }
        _lay_out(files, own, clean)

    return Service(
        name=NAME,
        command=[command[0], *cache.options, *command[1:], "kafka.Kafka", str(files.properties)],
        environment=clean,
        directory=files.jars,
        log=files.log,
        ready=lambda: kafka_answers(port),
        prepare=prepare,
        settle=cache.settle,
        grace_s=30.0 if cache.exists else StartCache.WRITING_S,
        causes=_CAUSES,
    )


def _lay_out(files: KafkaFiles, own: Mapping[str, object], environment: Mapping[str, str]) -> None:
    """Write what the broker starts from; the data directory is made once."""
    try:
        files.directory.mkdir(parents=True, exist_ok=True)
        if not (files.data / "meta.properties").exists():
            _format(files, own, environment)
        _write_properties(files.properties, files.data, own)
    except OSError as exc:
        raise EngineFailed(
            f"could not prepare Kafka's directory {files.directory}: {exc}",
            fix="check that it can be written and that the disk has room",
        ) from exc


def _format(files: KafkaFiles, own: Mapping[str, object], environment: Mapping[str, str]) -> None:
    """Make the data directory in one step: an interrupted attempt leaves none."""
    if files.data.exists():
        raise Conflict(
            f"{files.data} exists, but Kafka did not make it: it has no meta.properties",
            fix="choose another data directory, or move that one away",
        )
    tool = [*java(_HEAP_MB, BRIEF, *_LOGGING), "-cp", files.classpath, "kafka.tools.StorageTool"]
    unfinished = files.directory / "data.unfinished"
    properties = files.directory / "data.properties"
    shutil.rmtree(unfinished, ignore_errors=True)
    _write_properties(properties, unfinished, own)
    done = subprocess.run(  # noqa: S603 - Java, and arguments of ours
        [*tool, "format", "--standalone", "-t", _cluster_id(), "-c", str(properties)],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineFailed(
            f"could not format Kafka's data directory {files.data}:\n{done.stdout[-2000:]}",
            fix="check that the directory can be written and that the disk has room",
        )
    properties.unlink()
    unfinished.rename(files.data)


def _write_properties(path: Path, data: Path, own: Mapping[str, object]) -> None:
    common = (INFRA / "kafka" / "broker.properties").read_text(encoding="utf-8")
    path.write_text(common + _EMBEDDED.format(data=_property(data), **own), encoding="ascii")


def _property(path: Path) -> str:
    """Return a path as the value of a Java property, which is read as Latin-1."""
    if "," in str(path):
        raise Misconfigured(
            f"Kafka cannot keep its data in {path}: a comma ends a directory's name there",
            fix="choose a data directory without a comma: `AETHER_DATA_DIR`",
        )
    units = str(path).replace("\\", "\\\\").encode("utf-16-be")
    codes = struct.unpack(f">{len(units) // 2}H", units)
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


def _cluster_id() -> str:
    """Return a random id as Kafka writes them; one that begins like an option is not used."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
