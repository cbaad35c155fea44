"""What was polled of one topic and is not yet delivered: a topic that is stuck stops no other."""

import asyncio
from collections import deque
from typing import NamedTuple

from faust.types import TP

from processors.transport.past import Polled

#: Groups that may wait; then polling waits, and at last the topic is paused.
LINE_MAX = 8


class Group(NamedTuple):
    """Records of one partition, in order, as one poll gave them under a generation."""

    tp: TP
    messages: list[Polled]
    generation: int


class Line:
    """The groups of a topic in the order they were polled, for the one task that delivers them."""

    def __init__(self) -> None:
        self.paused = False
        self._groups: deque[Group] = deque()
        self._full: set[TP] = set()
        self._stirred = asyncio.Event()
        self._short = asyncio.Event()
        self._room = asyncio.Event()
        self._short.set()
        self._room.set()

    def put(self, group: Group) -> None:
        """Add a group; there is always place, but see `short`."""
        self._groups.append(group)
        self._stirred.set()
        if len(self._groups) >= LINE_MAX:
            self._short.clear()

    async def get(self) -> Group:
        """Wait for the first group and take it."""
        while not self._groups:
            self._stirred.clear()
            await self._stirred.wait()
        group = self._groups.popleft()
        if len(self._groups) < LINE_MAX:
            self._short.set()
        return group

    async def short(self, patience_s: float) -> bool:
        """Wait until few groups are in line; False when that takes too long."""
        if not self._short.is_set():
            try:
                await asyncio.wait_for(self._short.wait(), patience_s)
            except TimeoutError:
                return False
        return True

    @property
    def empty(self) -> bool:
        """Whether no group waits."""
        return not self._groups

    def fill(self, tp: TP) -> None:
        """The stream's queue has no more room for a partition: delivery waits."""
        self._full.add(tp)
        self._room.clear()

    def drop(self, tp: TP) -> None:
        """The stream's queue has room again."""
        self._full.discard(tp)
        if not self._full:
            self._room.set()

    async def room(self) -> None:
        """Wait until the stream's queue has room."""
        if not self._room.is_set():
            await self._room.wait()

    def clear(self) -> None:
        """Forget everything: the partitions are taken away."""
        self.paused = False
        self._groups.clear()
        self._full.clear()
        self._short.set()
        self._room.set()
