"""One secured broker for all that needs credentials, with the grid's topics and schemas on it."""

import subprocess
from collections.abc import Iterator

import pytest

from cli.grid import prepare_log
from engines.install import Installed
from streams.access import GRID
from streams.io.kafka.access import grant
from streams.io.settings import read_settings
from tests.conformance.built import built
from tests.conformance.clients import Client
from tests.integration.secured.broker import Broker, broker_running


@pytest.fixture(scope="package")
def broker(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that lets nobody in without a name."""
    with broker_running(tmp_path_factory.mktemp("secured"), installed) as running:
        prepare_log(
            read_settings(
                kafka={"bootstrap": running.plain}, registry={"url": running.registry_url}
            )
        )
        grant(running.plain, {}, "User:grid", GRID)
        yield running


@pytest.fixture
def ready(client: Client) -> Client:
    """Return a client that is built; Rust's needs OpenSSL for what credentials need."""
    if client.language == "rust":
        found = subprocess.run(["pkg-config", "--exists", "openssl"], check=False)
        if found.returncode:
            pytest.skip("skipped: no OpenSSL, which Rust's client needs for credentials")
    return built(client)
