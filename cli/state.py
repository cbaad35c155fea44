"""What a running grid tells other commands: a file with its process and addresses.

The file is a notice; who really runs is decided by the lease on the data directory.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from streams.errors import Misconfigured
from streams.io.settings import Settings


class Running(NamedTuple):
    """A grid that runs on this data directory."""

    pid: int
    ready_s: float
    addresses: Mapping[str, str]
    notes: tuple[str, ...]
    processes: Mapping[str, int]


def lease_file(settings: Settings) -> Path:
    """Return the file that the running grid holds a lock on."""
    return settings.data_dir / "run" / "lock"


def write(settings: Settings, running: Running) -> None:
    """Leave a notice, in one step."""
    path = _path(settings)
    written = path.with_suffix(".new")
    written.write_text(json.dumps(running._asdict()))
    written.replace(path)


def remove(settings: Settings) -> None:
    """Take the notice away."""
    _path(settings).unlink(missing_ok=True)


def read(settings: Settings) -> Running | None:
    """Return the running grid, or None; the notice of a grid that died means nothing."""
    try:
        told: dict[str, Any] = json.loads(_path(settings).read_text())
    except FileNotFoundError:
        return None
    running = Running(**{**told, "notes": tuple(told["notes"])})
    return running if lives(running.pid) else None


def require(settings: Settings) -> Running:
    """Return the running grid. Raises Misconfigured if there is none."""
    running = read(settings)
    if running is None:
        raise Misconfigured(
            f"no grid runs on {settings.data_dir}", fix="start it: `aether up --detach`"
        )
    return running


def hold_file(settings: Settings) -> Path:
    """Return the file that names the services which the running grid must not run for now."""
    return settings.data_dir / "run" / "hold"


def _path(settings: Settings) -> Path:
    return settings.data_dir / "run" / "grid.json"


def lives(pid: int) -> bool:
    """Say whether a process of that id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
