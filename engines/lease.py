"""One holder at a time: a flock'ed file that names its holder's process id.

The kernel lets go when the holder ends, however it ends; a left-over file means nothing.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import Conflict


@contextmanager
def lease(path: Path, what: str) -> Iterator[None]:
    """Hold `path` for the length of a `with`; raises Conflict that names who holds `what`."""
    with _open(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Conflict(
                f"{what} is already in use by process {_holder(descriptor)} (lease: {path})",
                fix="stop that process first: `aether down`",
            ) from exc
        _sign(descriptor)
        yield


@contextmanager
def turn(path: Path, waiting: Callable[[str], None]) -> Iterator[int]:
    """Hold `path` for the length of a `with`, after whoever holds it now.

    `waiting` is told the holder's process id once, if there is somebody to wait for. A child that
    inherits the descriptor shares the hold: nobody gets a turn before it has ended as well.
    """
    with _open(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(_holder(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        _sign(descriptor)
        yield descriptor


@contextmanager
def _open(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # and with it the lock; the file stays, or two could hold two files


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
