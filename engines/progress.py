"""How long work tells how far it is; the same steps whether a person, a file or nobody looks."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TextIO

_DRAWN_EVERY_S = 0.1
_PRINTED_EVERY_S = 3.0
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`done` of `total` units of a task; `total` is 0 while nobody knows it."""

    task: str
    item: str
    done: int
    total: int
    unit: Literal["bytes", "packages"]

    def __str__(self) -> str:
        amount = f"{self.done}/{self.total} {self.unit}"
        if self.unit == "bytes":
            amount = f"{self.done / _MEGABYTE:.0f}/{self.total / _MEGABYTE:.0f} MB"
        return " ".join(filter(None, (self.task, amount if self.total else "", self.item)))

    @property
    def finished(self) -> bool:
        """Whether this is the task's last step."""
        return self.done >= self.total > 0


# Called from any thread, for every step; must return quickly.
Progress = Callable[[Step], None]


def silent(_step: Step) -> None:
    """Tell nobody."""


def waiting(progress: Progress, task: str) -> Callable[[str], None]:
    """Return what tells `progress` that another process, given by its id, is at the same task."""

    def tell(pid: str) -> None:
        item = f"waiting for process {pid}, which does the same"
        progress(Step(task=task, item=item, done=0, total=0, unit="packages"))

    return tell


class Console:
    """Draws steps on a stream: one line in place on a terminal, now and then a line elsewhere."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._began = clock()
        self._terminal = stream.isatty()
        self._every_s = _DRAWN_EVERY_S if self._terminal else _PRINTED_EVERY_S
        self._guard = threading.Lock()
        self._running: dict[str, Step] = {}
        self._shown: dict[str, float] = {}

    def __call__(self, step: Step) -> None:
        """Show a step, unless its task was shown a moment ago; safe to call from any thread."""
        with self._guard:
            now = self._clock()
            if not step.finished and now < self._shown.get(step.task, -1e9) + self._every_s:
                return
            self._shown[step.task] = now
            if self._terminal:
                self._draw(step)
            else:
                self._write(f"{self._timed(str(step))}\n")

    def say(self, message: str) -> None:
        """Print a line of its own above whatever is being drawn."""
        with self._guard:
            self._write(f"{self._clear}{message}\n")

    def _draw(self, step: Step) -> None:
        self._running[step.task] = step
        if step.finished:
            del self._running[step.task]
            self._write(f"{self._clear}{self._timed(str(step))}\n")
        if self._running:
            text = self._timed("  ".join(map(str, self._running.values())))
            self._write(self._clear + text[: shutil.get_terminal_size().columns - 1])

    def _timed(self, text: str) -> str:
        return f"{text}, {self._clock() - self._began:.0f} s"

    @property
    def _clear(self) -> str:
        return "\r\x1b[2K" if self._terminal else ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
