"""A broker that is away for a while ends no reader, in whatever language: it reads on."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cli.grid import prepare_log
from engines.install import Installed
from engines.kafka import KafkaFiles, kafka
from engines.ports import LOOPBACK, free_port
from engines.registry import api_url, registry
from engines.supervisor import Supervisor
from streams.io.settings import read_settings
from tests.conformance.clients import CLIENTS
from tests.engines_fixtures import alone
from tests.integration.clients.agents import LATE_S

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_000)]

#: Long enough for whoever tries only a few times.
AWAY_S = 12.0
JOINED_S = 10.0


class Engines:
    """A broker that comes and goes at one address, and a registry that stays."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        self._installed, self._folder = installed, folder
        self._ports = {"port": free_port(), "controller_port": free_port()}
        self.bootstrap = f"{LOOPBACK}:{self._ports['port']}"

    @contextmanager
    def broker(self) -> Iterator[None]:
        """Run the broker while a block lasts."""
        files = KafkaFiles(
            jars=self._installed.kafka,
            directory=self._folder / "kafka",
            log=self._folder / "kafka.log",
        )
        with Supervisor([kafka(files, environment=os.environ, **self._ports)]) as running:
            running.start()
            yield

    @contextmanager
    def registry(self) -> Iterator[str]:
        """Run the registry while a block lasts; yield its address."""
        port = free_port()
        service = registry(
            self._installed.registry,
            port=port,
            management_port=free_port(),
            kafka_port=self._ports["port"],
            log=self._folder / "registry.log",
            environment=os.environ,
        )
        with Supervisor([alone(service)]) as running:
            running.start()
            yield api_url(port)


def test_every_language_reads_on_after_a_broker_was_away(
    installed: Installed, tmp_path: Path
) -> None:
    engines = Engines(installed, tmp_path)
    clients = [client.ready() for client in CLIENTS if client.missing is None]
    with ExitStack() as running:
        with ExitStack() as first:
            first.enter_context(engines.broker())
            url = running.enter_context(engines.registry())
            kafka_url = {"bootstrap": engines.bootstrap}
            prepare_log(read_settings(kafka=kafka_url, registry={"url": url}))
            hearing = {
                each.language: each.start(engines.bootstrap, url, "hear", "0") for each in clients
            }
            for process in hearing.values():
                running.callback(process.kill)
            time.sleep(JOINED_S)
        time.sleep(AWAY_S)
        running.enter_context(engines.broker())
        told = clients[0].run(
            (*clients[0].agent, engines.bootstrap, url, "flood", "40", "40", "me"), LATE_S
        )
        assert told.returncode == 0, told.stdout
        for language, process in hearing.items():
            said, errors = process.communicate(timeout=LATE_S)
            assert "key" in said, f"{language}: {errors[-2_000:]}"
