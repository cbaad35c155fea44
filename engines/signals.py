"""Requests to stop that come from outside, counted instead of thrown into the middle of things."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Within its `with`, SIGINT, SIGTERM and SIGHUP are only counted; main thread only."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in _ASKING}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    @property
    def stop(self) -> bool:
        """Somebody asked to stop."""
        return self.count > 0

    @property
    def hurry(self) -> bool:
        """Somebody asked again: no more grace."""
        return self.count > 1
