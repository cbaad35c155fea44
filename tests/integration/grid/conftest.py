"""Grids that tests share: one as a user starts it, and one of which the tests are the operator."""

from collections.abc import Iterator

import pytest

from engines.install import Installed
from streams.io.client import Client
from tests.integration.grid.front import Front
from tests.integration.grid.harness import Grid, grid_running


@pytest.fixture(scope="session")
def started(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A grid started as a user does, with `aether up --detach`."""
    front = Front(tmp_path_factory.mktemp("grid"))
    try:
        front.banner = front.succeed("up", "--detach").out
        yield front
        front.succeed("down")
        assert front.running is None
    finally:
        front.clean_up()


@pytest.fixture(scope="package")
def log_grid(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    """A broker and a registry behind a relay, for workers that need nothing else."""
    with grid_running(tmp_path_factory.mktemp("log"), installed, models=False) as grid:
        yield grid


@pytest.fixture
def client(log_grid: Grid) -> Iterator[Client]:
    """A door to the log."""
    with Client(log_grid.settings) as opened:
        yield opened
