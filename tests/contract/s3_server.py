"""A real S3 server for tests: versitygw, built once into the cache that every clone shares."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines.lease import turn
from engines.places import cache_directory
from engines.ports import LOOPBACK, free_port
from engines.probe import http_answers
from engines.service import Service
from engines.supervisor import Supervisor

VERSION = "v1.8.0"
PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
ACCESS, SECRET, BUCKET = "tester", "tester-secret", "aether-test"
BUILD_S = 1_200


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server with one bucket; `root` is where its objects lie as files."""

    endpoint: str
    root: Path


def binary() -> Path:
    """Return the server's program, built if it is not there; skips, and says why, without Go."""
    folder = cache_directory(os.environ) / f"versitygw-{VERSION}"
    program = folder / "versitygw"
    go = shutil.which("go")
    if not program.exists() and go is None:
        pytest.skip("NOT TESTED: S3 needs `go` to build versitygw; install Go, or run it in CI")
    with turn(
        folder.with_name(f"{folder.name}.lock"), lambda pid: _say(f"process {pid} builds versitygw")
    ):
        if not program.exists():
            assert go is not None
            _say("building versitygw, two to four minutes this once")
            made = folder.with_name(f"{folder.name}.new")
            command = [go, "install", f"{PACKAGE}@{VERSION}"]
            built = subprocess.run(
                command, env={**os.environ, "GOBIN": str(made)}, capture_output=True, text=True,
                timeout=BUILD_S, check=False,
            )  # fmt: skip
            assert built.returncode == 0, built.stderr
            made.replace(folder)
    return program


@contextmanager
def s3_running(folder: Path, port: int | None = None) -> Iterator[S3Server]:
    """Run a server over a folder, which may hold what an earlier one left."""
    program, port, root = binary(), port or free_port(), folder / "s3"
    (root / BUCKET).mkdir(parents=True, exist_ok=True)
    command = [
        str(program), "--access", ACCESS, "--secret", SECRET, "--port", f"{LOOPBACK}:{port}",
        "--health", "/health", "posix", str(root),
    ]  # fmt: skip
    service = Service(
        name="s3",
        command=command,
        environment={"PATH": os.environ["PATH"], "HOME": str(folder)},
        directory=folder,
        log=folder / "s3.log",
        ready=lambda: http_answers(port, "/health"),
    )
    with Supervisor([service]) as supervisor:
        supervisor.start()
        yield S3Server(f"{LOOPBACK}:{port}", root)


def _say(message: str) -> None:
    print(message, file=sys.__stderr__, flush=True)
