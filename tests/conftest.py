"""The real engines, for every test that asks for them."""

from tests.engines_fixtures import (
    engine_home,
    installed,
    kafka_bootstrap,
    registry_url,
    serve_models,
)

__all__ = ["engine_home", "installed", "kafka_bootstrap", "registry_url", "serve_models"]
