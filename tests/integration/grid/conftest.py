"""One grid for all tests of the command line that do not end it."""

from collections.abc import Iterator

import pytest

from engines.install import Installed
from tests.integration.grid.front import Front


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
