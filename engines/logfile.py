"""What a child process printed, in a file that cannot grow without end."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

_LARGE_BYTES = 16 * 1024 * 1024
_TAIL_BYTES = 64 * 1024


class LogFile:
    """One file and one older generation beside it; a child appends to it through `open`."""

    def __init__(self, path: Path, large_bytes: int = _LARGE_BYTES) -> None:
        self.path = path
        self._large_bytes = large_bytes
        self._start = 0

    def open(self) -> BinaryIO:
        """Return the file for a child that starts now; `tail` begins here."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rotate()
        file = self.path.open("ab")
        self._start = file.tell()
        return file

    def rotate(self) -> None:
        """Set a large file's content aside, also under a child that goes on appending to it."""
        try:
            if self.path.stat().st_size < self._large_bytes:
                return
        except FileNotFoundError:
            return
        shutil.copyfile(self.path, self.path.with_name(self.path.name + ".1"))
        os.truncate(self.path, 0)  # the child's next write lands at the new end: it appends
        self._start = 0

    def tail(self, lines: int = 15) -> str:
        """Return the last lines that were written since `open`."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])
