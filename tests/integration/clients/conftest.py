"""A grid of its own: what its clients offer would change how other tests' questions are routed."""

from collections.abc import Iterator

import pytest

from engines.install import Installed
from tests.integration.grid.front import Front


@pytest.fixture(scope="package")
def front(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A grid started as a user does."""
    begun = Front(tmp_path_factory.mktemp("clients"))
    try:
        begun.succeed("up", "--detach")
        yield begun
        begun.succeed("down")
    finally:
        begun.clean_up()
