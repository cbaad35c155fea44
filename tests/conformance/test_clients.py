"""Every client agrees with every vector: bytes, partitions, headers and ids, in its own tests."""

import pytest

from tests.conformance.built import built
from tests.conformance.clients import CLIENTS, TEST_S, Client, language_of

pytestmark = pytest.mark.integration


@pytest.mark.timeout(2_000)  # the first time, it is built
@pytest.mark.parametrize("client", CLIENTS, ids=language_of)
def test_a_client_agrees_with_every_vector(client: Client) -> None:
    done = built(client).run(client.test, TEST_S)
    assert done.returncode == 0, done.stdout
