"""What a grid of this machine tells other commands: a file with its process and addresses.

The file is a notice; who really runs is decided by the lease on the data directory. A notice whose
process has ended means nothing, also where another process has got its id since.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from streams.errors import Misconfigured
from streams.io.settings import Settings


class Running(NamedTuple):
    """A grid on this data directory; `ready_s` is None until it is ready.

    `born` is when its process began, `states` what each service is doing.
    """

    pid: int
    born: str
    ready_s: float | None
    addresses: Mapping[str, str]
    notes: tuple[str, ...]
    states: Mapping[str, str]
    processes: Mapping[str, int]


def home(settings: Settings) -> Path:
    """Return the data directory, made if need be. Raises Misconfigured if it cannot be used."""
    path, advice = settings.data_dir, "choose another one: AETHER_DATA_DIR, or `data_dir`"
    try:
        for name in ("run", "logs"):
            (path / name).mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        reason = f"the data directory {path} cannot be used: {exc.strerror} ({exc.filename})"
        raise Misconfigured(reason, fix=advice) from exc
    if not all(os.access(place, os.W_OK) for place in (path, path / "run", path / "logs")):
        raise Misconfigured(f"the data directory {path} cannot be written", fix=advice)
    return path


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
    """Return the grid that starts or runs here, or None."""
    try:
        told: dict[str, Any] = json.loads(_path(settings).read_text())
        running = Running(**{**told, "notes": tuple(told["notes"])})
    except (OSError, ValueError, TypeError, KeyError):  # none, or one of another version
        return None
    return running if lives(running) else None


def hold_file(settings: Settings) -> Path:
    """Return the file that names the services which the running grid must not run for now."""
    return settings.data_dir / "run" / "hold"


def lives(running: Running) -> bool:
    """Say whether the process that left a notice still runs."""
    return born(running.pid) == running.born


def born(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; empty if there is none or it is dead."""
    with suppress(OSError):
        state, *told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else told[18]
    return ""


def _path(settings: Settings) -> Path:
    return settings.data_dir / "run" / "grid.json"
