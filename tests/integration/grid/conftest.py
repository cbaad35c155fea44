"""A log with its registry for the tests of one module; models only where they are asked for."""

from collections.abc import Iterator

import pytest

from engines.install import Installed
from streams.io.client import Client
from tests.integration.grid.harness import Grid, grid_running


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
