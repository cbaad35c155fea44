"""The three brokers of the Compose file as processes of this machine.

Each is configured by the very class that the image runs, from the very environment and file that
its container gets; only host names, ports and directories are exchanged.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engines.java import BRIEF, java
from engines.kafka import KafkaFiles
from engines.places import INFRA
from engines.ports import LOOPBACK, free_port
from engines.probe import kafka_answers
from engines.process import plain_environment
from engines.service import Service
from tests.infra.compose_file import BROKERS, SERVICES, filled, mounted

_HEAP_MB = 256
_LISTENERS = {"CLIENT": 9092, "CONTROLLER": 9093}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where the brokers are: a directory, and the ports of each one's listeners."""

    directory: Path
    jars: Path
    values: Mapping[str, str]
    ports: Mapping[str, Mapping[str, int]]

    @classmethod
    def planned(cls, directory: Path, jars: Path, values: Mapping[str, str]) -> "Cluster":
        """Choose free ports."""
        names = (*_LISTENERS, "HOST")
        ports = {broker: {name: free_port() for name in names} for broker in BROKERS}
        return cls(directory=directory, jars=jars, values=values, ports=ports)

    @property
    def bootstrap(self) -> str:
        """Every broker's address for clients of this machine."""
        return ",".join(f"{LOOPBACK}:{self.ports[broker]['HOST']}" for broker in BROKERS)

    def environment(self, service: str) -> dict[str, str]:
        """Return what a service's container gets, with addresses of this machine."""
        given = filled(service, self.values)
        return plain_environment(os.environ) | {
            name: self._here(service, text) for name, text in given.items()
        }

    def broker(self, name: str) -> Service:
        """Return a broker that the image's own class configures and formats before it starts."""
        home = self.directory / name
        files = KafkaFiles(jars=self.jars, directory=home, log=self.directory / f"{name}.log")
        command = [*java(_HEAP_MB, BRIEF), "-cp", files.classpath]
        environment = self.environment(name) | {"KAFKA_LOG_DIRS": str(files.data)}

        def prepare() -> None:
            if not home.exists():
                _set_up(name, home, command, environment)

        return Service(
            name=name,
            command=[*command, "kafka.Kafka", str(home / "final/server.properties")],
            environment=environment,
            directory=self.directory,
            log=files.log,
            ready=lambda: kafka_answers(self.ports[name]["CLIENT"]),
            prepare=prepare,
            ready_within_s=180.0,
        )

    def _here(self, service: str, text: str) -> str:
        for broker, ports in self.ports.items():
            for listener, port in _LISTENERS.items():
                text = text.replace(f"{broker}:{port}", f"{LOOPBACK}:{ports[listener]}")
        own = self.ports.get(service, {})
        for listener, port in own.items():
            text = re.sub(rf"{listener}://:\d+", f"{listener}://{LOOPBACK}:{port}", text)
        if own:
            text = re.sub(r"HOST://127\.0\.0\.1:\d+", f"HOST://{LOOPBACK}:{own['HOST']}", text)
        return text


def _set_up(name: str, home: Path, command: list[str], environment: Mapping[str, str]) -> None:
    """Do what the image's start script does."""
    folders = {folder: home / folder for folder in ("defaults", "mounted", "final")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for file, target in mounted(name):
        (folders["mounted"] / Path(target).name).write_bytes((INFRA / file).read_bytes())
    places = [
        f"--{'default' if k == 'defaults' else k}-configs-dir={v}" for k, v in folders.items()
    ]
    done = subprocess.run(
        [*command, "kafka.docker.KafkaDockerWrapper", "setup", *places],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def command_of(service: str) -> list[str]:
    """Return what a container of our own image runs."""
    command: list[str] = SERVICES[service]["command"]
    return command
