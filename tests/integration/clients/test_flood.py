"""All languages and HTTP produce at once: nothing is lost, misplaced or read differently."""

import pytest

from benchmarks._flood import flood
from tests.conformance.clients import CLIENTS
from tests.integration.grid.front import Front

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_000)]

EACH = 2_000


def test_what_all_languages_produce_at_once_is_there_in_order_and_read_alike(front: Front) -> None:
    clients = [client for client in CLIENTS if client.missing is None]
    found = flood(front.settings, clients, EACH)
    assert found.faults == []
    assert {told["count"] for told in found.read.values()} == {EACH * len(found.produced)}
    if len(clients) < len(CLIENTS):
        missing = [client.missing for client in CLIENTS if client.missing is not None]
        pytest.skip(f"skipped: no {', '.join(missing)}; the others agree")
