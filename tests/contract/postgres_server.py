"""A real PostgreSQL for tests: the machine's own programs, over a folder that goes away."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engines.ports import LOOPBACK, free_port
from engines.service import Service
from engines.supervisor import Supervisor

#: Where Debian keeps the programs of each version.
DEBIAN = Path("/usr/lib/postgresql")
USER, DATABASE = "aether", "postgres"
INITIAL_S = 120.0


def programs() -> Path:
    """Return the folder of the newest programs; skips, and says why, where there are none."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    anywhere = shutil.which("initdb")
    if found or anywhere:
        return (found[-1] if found else Path(str(anywhere)).resolve()).parent
    pytest.skip("NOT TESTED: PostgreSQL is not installed; apt-get install postgresql, or run CI")


@contextmanager
def postgres_running() -> Iterator[str]:
    """Run a server and yield the URL of its database; root's is run as somebody else."""
    place, port = programs(), free_port()
    with tempfile.TemporaryDirectory(prefix="aether-postgres-") as folder:
        home = Path(folder)
        lowered = _lowered(home)
        data = home / "data"
        made = subprocess.run(
            [*lowered, str(place / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-N"],
            capture_output=True, text=True, timeout=INITIAL_S, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        command = [
            *lowered, str(place / "postgres"), "-D", str(data), "-p", str(port),
            "-c", f"listen_addresses={LOOPBACK}", "-k", "", "-F",
        ]  # fmt: skip
        service = Service(
            name="postgres",
            command=command,
            environment={"PATH": os.environ["PATH"]},
            directory=home,
            log=home / "postgres.log",
            ready=lambda: _ready(place, port),
        )
        with Supervisor([service]) as supervisor:
            supervisor.start()
            yield f"postgresql://{USER}@{LOOPBACK}:{port}/{DATABASE}"


def _lowered(home: Path) -> list[str]:
    """Return what runs a command without root's rights: PostgreSQL refuses to run with them."""
    if os.getuid() != 0:
        return []
    name = "nobody"
    with suppress(KeyError):
        name = pwd.getpwnam("postgres").pw_name
    shutil.chown(home, name)
    return ["setpriv", f"--reuid={name}", "--clear-groups", "--pdeathsig", "KILL"]


def _ready(place: Path, port: int) -> bool:
    asked = [str(place / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port)]
    return subprocess.run(asked, check=False, timeout=INITIAL_S).returncode == 0
