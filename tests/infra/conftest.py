"""What the tests of `infra/` share: a filled environment file, and Compose."""

import shutil
from pathlib import Path

import pytest

from engines.places import INFRA
from tests.infra.programs import docker_compose, run


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `infra/new-env` writes."""
    folder = tmp_path_factory.mktemp("infra")
    for name in ("new-env", "env.example"):
        shutil.copy(INFRA / name, folder)
    assert run(["sh", str(folder / "new-env")]).returncode == 0
    return folder / ".env"


@pytest.fixture(scope="session")
def compose(pytestconfig: pytest.Config) -> str:
    """Return the path of Compose's own program; building it once takes minutes, so that is told."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return str(docker_compose())
