"""Programs that check what lies in `infra/`: found on the machine, or built once for all clones."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engines.lease import turn
from engines.places import cache_directory

COMPOSE = "5.6.0"
_PACKAGE = "github.com/docker/compose/v5/cmd"


def program(name: str, fix: str) -> str:
    """Return where a program is; without it the test is skipped, and the run's end says so."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: {fix}")
    return found


def docker_compose() -> Path:
    """Return Compose as its Go modules build it: minutes once on a machine, nothing afterwards."""
    cache = cache_directory(os.environ)
    built = cache / f"docker-compose-{COMPOSE}"
    if not built.exists():
        go = program("go", "any recent Go, in PATH")
        with turn(cache / f"{built.name}.lock", _waiting):
            if not built.exists():
                _say(f"building Docker Compose {COMPOSE} for its parser: some minutes, this once")
                _build(go, built)
    return built


def _waiting(pid: str) -> None:
    _say(f"waiting for process {pid}, which builds Docker Compose")


def _say(line: str) -> None:
    print(f"\n{line}", file=sys.stderr, flush=True)


def _build(go: str, target: Path) -> None:
    with TemporaryDirectory(dir=target.parent, prefix="docker-compose-") as folder:
        for arguments in (
            ("mod", "init", "compose"),
            ("get", f"{_PACKAGE}@v{COMPOSE}"),
            ("build", "-o", "built", _PACKAGE),
        ):
            done = run([go, *arguments], directory=Path(folder))
            assert done.returncode == 0, done.stderr
        Path(folder, "built").rename(target)


def run(
    command: list[str],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it said."""
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
