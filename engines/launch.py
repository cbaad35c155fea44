"""Becomes the command it is given, as a process that the kernel ends when its parent ends.

Run as a script, so that nothing of ours runs between fork and exec; standard library only.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2); kept over exec


def main(parent: str, *command: str) -> int:
    """Replace this process by `command`; returns only if the parent is gone already."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL)):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    if os.getppid() != int(parent):  # it ended before the request was made
        return 1
    try:
        os.execvp(command[0], command)  # noqa: S606 - that is what this script is for
    except OSError as exc:
        print(f"could not run {command[0]}: {exc.strerror}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
