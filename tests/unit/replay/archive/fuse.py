"""Ports that fail at one call, wherever a test wants them to."""

from collections.abc import Callable
from typing import Any

from streams.io.memory_log import MemoryLog
from streams.io.objects import ObjectStore


class Dies(Exception):
    """The process is killed here."""


class Fuse:
    """Ends whatever uses it at one call: before anything happened, or just after."""

    def __init__(self, at: int, *, after: bool, error: Exception) -> None:
        self.left = at
        self.after = after
        self.error = error

    def __call__(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise self.error
        done = work(*arguments, **named)
        if self.left == 0:
            raise self.error
        return done


class FusedStore:
    def __init__(self, store: ObjectStore, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def put(self, content: bytes) -> str:
        address: str = self._fuse(self._store.put, content)
        return address

    def get(self, address: str) -> bytes:
        content: bytes = self._fuse(self._store.get, address)
        return content


class FusedLog(MemoryLog):
    def __init__(self, log: MemoryLog, fuse: Fuse) -> None:
        super().__init__(log.broker)
        self._fuse = fuse

    def append(self, drafts: Any, delivered: Any) -> int:
        return int(self._fuse(super().append, drafts, delivered))

    def flush(self, timeout_s: float) -> int:
        return int(self._fuse(super().flush, timeout_s))

    def read(self, topic: str, partition: int, start: int, end: int) -> Any:
        return self._fuse(super().read, topic, partition, start, end)
