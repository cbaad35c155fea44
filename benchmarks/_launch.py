"""Starts the programs that are measured, each in a process of its own; none outlives us.

The kernel ends them with the thread that started them, however that one ends.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO

from engines.places import REPOSITORY
from engines.process import tied

SYSTEMS = Path(__file__).parent / "systems"
#: So long may a program take before it is ended; its silence is then an error.
WITHIN_S = 600.0
TOLD_MAX = 4_000


class Program:
    """A program at work, which speaks line by line."""

    def __init__(self, name: str, child: "subprocess.Popen[str]", errors: IO[bytes]) -> None:
        self.pid = child.pid
        self._name = name
        self._child = child
        self._errors = errors

    def line(self) -> str:
        """Return the next line it prints. Raises RuntimeError if it ends instead."""
        assert self._child.stdout is not None
        said = self._child.stdout.readline()
        if not said:
            self._errors.seek(0)
            told = self._errors.read().decode(errors="replace")[-TOLD_MAX:]
            raise RuntimeError(f"{self._name} ended early:\n{told}")
        return said.rstrip("\n")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._child.send_signal(number)


@contextmanager
def program(
    name: str, *arguments: str, python: str = sys.executable, folder: Path | None = None
) -> Iterator[Program]:
    """Run one of the systems' programs in a folder, until the `with` ends."""
    command = tied([python, str(SYSTEMS / name), *arguments])
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=environment,
        ) as child,
    ):
        end = Timer(WITHIN_S, child.kill)
        end.start()
        try:
            yield Program(name, child, errors)
        finally:
            end.cancel()
            child.kill()
