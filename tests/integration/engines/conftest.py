"""The engines of these tests, and the mark that tells them from tests that need nothing."""

import pytest

from tests.engines_fixtures import (
    engine_home,
    installed,
    kafka_bootstrap,
    registry_url,
    serve_models,
)

__all__ = ["engine_home", "installed", "kafka_bootstrap", "registry_url", "serve_models"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "integration: starts real engines or installs real packages")
