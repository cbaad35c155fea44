"""A child process of ours: in a group of its own, and never left behind.

It ends with the thread that started it, however that one ends: start it from a thread that lives
as long as the child should (the kernel's PR_SET_PDEATHSIG counts threads, not processes).
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from engines.logfile import LogFile

_LAUNCH = Path(__file__).with_name("launch.py")
_KEPT = ("PATH", "HOME", "TMPDIR", "TZ")
_NAMES = {"LC_ALL": "C.UTF-8"}


def plain_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what an engine needs of the caller's environment, and nothing that could steer it.

    Names of files are UTF-8 to every engine, wherever it speaks.
    """
    return {name: environment[name] for name in _KEPT if name in environment} | _NAMES


def tied(command: Sequence[str]) -> list[str]:
    """Return what runs a command as a process that ends with the thread that starts it."""
    return [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), *command]


class Process:
    """A running command. Its output goes to a log file, its input is empty."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: LogFile,
    ) -> None:
        with log.open() as output:
            self._child = subprocess.Popen(  # noqa: S603 - whoever builds the service chose it
                tied(command),
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self.pid = self._child.pid

    def returncode(self) -> int | None:
        """Return how it ended (negative: by that signal), or None while it runs.

        When it has ended, the rest of its group is ended, too.
        """
        if self._child.returncode is None and self._has_ended(os.WNOHANG):
            self._reap()
        return self._child.returncode

    def wait(self) -> int:
        """Wait until it ends by itself or by a signal sent before."""
        if self._child.returncode is None:
            self._has_ended(0)
            self._reap()
        return self._child.returncode

    def terminate(self) -> None:
        """Ask the whole group to end; harmless when it has."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once; harmless when it has ended."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._child.returncode is None:  # not reaped, so the group's number is still its own
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _has_ended(self, wait: int) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | wait) is not None

    def _reap(self) -> None:
        self.kill()
        self._child.wait()
