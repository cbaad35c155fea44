"""A client, built; where its language's tools are missing its tests are skipped, and say so."""

import pytest

from tests.conformance.clients import Client


def built(client: Client) -> Client:
    """Return a client that can be run."""
    if client.missing is not None:
        pytest.skip(f"skipped: no {client.missing}")
    return client.ready()
