"""A limit that is watched, not waited for: who exceeds it pauses before the next one."""

import asyncio


class Room:
    """Counts what is inside; `free` until `limit` is reached."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self._closed = False
        self._free = asyncio.Event()
        self._free.set()

    @property
    def free(self) -> bool:
        """Whether one more may come."""
        return self.inside < self.limit

    def enter(self, count: int = 1) -> None:
        """Let something in, even if there is no room; the caller pauses afterwards."""
        self.inside += count
        if not self._closed and not self.free:
            self._closed = True
            self._free.clear()

    def leave(self, count: int = 1) -> None:
        """Let something out."""
        self.inside -= count
        if self._closed and self.free:
            self._closed = False
            self._free.set()

    async def available(self) -> None:
        """Wait until there is room."""
        await self._free.wait()
