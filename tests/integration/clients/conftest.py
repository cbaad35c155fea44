"""A grid of its own: what its clients offer would change how other tests' questions are routed."""

from collections.abc import Iterator

import pytest

from engines.install import Installed
from tests.integration.grid.front import Front

#: Short for a node that is away, and long for one on a busy machine.
NODE_PATIENCE_S = 20


@pytest.fixture(scope="package")
def front(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A grid started as a user does."""
    begun = Front(tmp_path_factory.mktemp("clients"))
    begun.env["AETHER_WORKER__NODE_PATIENCE_S"] = f"{NODE_PATIENCE_S}"
    try:
        begun.succeed("up", "--detach")
        yield begun
        begun.succeed("down")
    finally:
        begun.clean_up()
