"""The clients of five languages as the tests use them: built once, then run as programs.

A client is copied below `.aether/clients/` and built there by its language's own tools, again only
when its sources changed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engines.places import cache_directory
from streams.io.settings import ROOT

HOME = ROOT / ".aether" / "clients"
#: What a client needs beside its own folder, in the same places as here.
BESIDE = ("schemas/avro", "tests/conformance/vectors")
LEFT_OUT = shutil.ignore_patterns(
    *("node_modules", "target", "__pycache__", "*.egg-info", "Cargo.lock", "bin")
)
BUILD_S, TEST_S = 1_200, 600


@dataclass(frozen=True, slots=True)
class Client:
    """How one language's client is built, tested and started."""

    language: str
    tools: tuple[str, ...]
    build: tuple[tuple[str, ...], ...]
    test: tuple[str, ...]
    agent: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is built."""
        return HOME / self.language / "clients" / self.language

    @property
    def environment(self) -> dict[str, str]:
        """What its tools get: what takes long to build is shared by every clone."""
        cache = cache_directory(os.environ) / "clients"
        return {
            "CARGO_TARGET_DIR": str(cache / "cargo"),
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",  # Java reads its arguments as the locale says
        }

    @property
    def missing(self) -> str | None:
        """The first of its tools that this machine does not have."""
        return next((tool for tool in self.tools if shutil.which(tool) is None), None)

    def ready(self) -> "Client":
        """Build it if need be; of several processes one does, and the others wait."""
        home = HOME / self.language
        home.mkdir(parents=True, exist_ok=True)
        with (home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._build(home / "built", self._state())
        return self

    def _build(self, stamp: Path, state: str) -> None:
        if stamp.exists() and stamp.read_text() == state:
            return
        stamp.unlink(missing_ok=True)
        self._copy()
        for command in self.build:
            done = self.run(command, BUILD_S)
            assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        stamp.write_text(state)

    def run(self, command: tuple[str, ...], timeout_s: float) -> "subprocess.CompletedProcess[str]":
        """Run a command in its folder; what it says on both streams is `stdout`."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start its example agent."""
        return subprocess.Popen(
            [*self.agent, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _places(self) -> tuple[str, ...]:
        return (f"clients/{self.language}", *BESIDE)

    def _copy(self) -> None:
        """Bring its folder up to date; what its tools made stays, so that they do little again."""
        for place in self._places():
            shutil.copytree(
                ROOT / place, HOME / self.language / place, ignore=LEFT_OUT, dirs_exist_ok=True
            )

    def _state(self) -> str:
        hashed = hashlib.sha256(repr(self).encode())
        for path in sorted(path for place in self._places() for path in _files(ROOT / place)):
            hashed.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
        return hashed.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    left_out = LEFT_OUT(str(folder), [path.name for path in folder.iterdir()])
    for path in folder.iterdir():
        if path.name not in left_out:
            if path.is_dir():
                yield from _files(path)
            else:
                yield path


PYTHON = Client(
    language="python",
    tools=(),
    build=(),
    test=(
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-c",
        "pyproject.toml",
        "tests",
    ),
    agent=(sys.executable, "examples/agent.py"),
)

NODE = Client(
    language="node",
    tools=("node", "npm"),
    build=(("npm", "ci"),),
    test=("node", "--test", "test/"),
    agent=("node", "examples/agent.js"),
)

GO = Client(
    language="go",
    tools=("go",),
    build=(("go", "generate", "./..."), ("go", "build", "-o", "bin/agent", "./examples/agent")),
    test=("go", "test", "-count=1", "."),
    agent=("bin/agent",),
)

MAVEN = ("mvn", "--quiet", "--batch-mode")
JAVA = Client(
    language="java",
    tools=("javac", "mvn"),
    build=(
        (
            *(*MAVEN, "package", "-DskipTests", "dependency:copy-dependencies"),
            "-DoutputDirectory=target/lib",
        ),
    ),
    test=(*MAVEN, "surefire:test"),
    agent=(
        *("java", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"),
        *("-cp", "target/classes:target/test-classes:target/lib/*", "grid.aether.client.Agent"),
    ),
)

#: The dependencies are built once a machine; the program lies with the sources it was made of.
#: Where OpenSSL is, it is built with what credentials need.
FEATURES = "$(pkg-config --exists openssl && echo --features tls)"
RUST = Client(
    language="rust",
    tools=("cargo", "cc"),
    build=(
        ("sh", "-c", f"cargo build --quiet {FEATURES} --example agent"),
        ("sh", "-c", 'mkdir -p bin && cp "$CARGO_TARGET_DIR/debug/examples/agent" bin/agent'),
    ),
    test=("sh", "-c", f"cargo test --quiet {FEATURES} --test vectors --test nodes"),
    agent=("bin/agent",),
)

CLIENTS = (PYTHON, NODE, GO, JAVA, RUST)


def language_of(client: Client) -> str:
    """Name a client in a test's name."""
    return client.language
