"""Small real processes for the tests of what starts, watches and ends processes."""

import os
import select
import sys
from collections.abc import Callable
from pathlib import Path

from engines.service import Service

_DEADLINE_S = 20.0

LIVES = "import pathlib, signal, sys; pathlib.Path(sys.argv[1]).touch(); signal.pause()"
IGNORES_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LIVES
TIDIES_UP = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); " + LIVES
DIES = "print('the disk is on fire', flush=True); raise SystemExit(3)"


def python(code: str, *arguments: object) -> list[str]:
    """Return the command of a small Python process."""
    return [sys.executable, "-I", "-S", "-c", code, *map(str, arguments)]


def wait_for_end(pid: int) -> bool:
    """Wait until a process, not necessarily our child, has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], _DEADLINE_S)[0])
    finally:
        os.close(watched)


def service(
    home: Path,
    name: str,
    code: str = LIVES,
    *,
    needs: tuple[str, ...] = (),
    eager: bool = False,
    prepare: Callable[[], None] | None = None,
    settle: Callable[[bool], None] | None = None,
    grace_s: float = 10.0,
    ready_within_s: float = 60.0,
) -> Service:
    """Return a service that is ready once its process has made a file; it makes it anew."""
    ready = home / f"{name}.ready"

    def clear() -> None:
        ready.unlink(missing_ok=True)
        if prepare:
            prepare()

    return Service(
        name=name,
        command=python(code, ready),
        environment={},
        directory=home,
        log=home / f"{name}.log",
        ready=ready.exists,
        prepare=clear,
        settle=settle or (lambda _whole: None),
        needs=needs,
        eager=eager,
        grace_s=grace_s,
        ready_within_s=ready_within_s,
        causes={"on fire": "call the fire brigade"},
    )
