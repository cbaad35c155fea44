"""A real Triton that serves the model repository."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tritonclient.grpc import InferenceServerClient

from tests.engines_fixtures import ServeModels
from tests.unit.triton_models.conftest import encoder, weights_dir

__all__ = ["client", "encoder", "triton_url", "weights_dir"]

MODELS = Path(__file__).parents[3] / "triton_models"


@pytest.fixture(scope="session")
def triton_url(serve_models: ServeModels) -> str:
    """Return host:port of a Triton that serves both models."""
    return serve_models(MODELS, ["minilm", "extractive"])


@pytest.fixture
def client(triton_url: str) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(triton_url) as connected:
        yield connected
