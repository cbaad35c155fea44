"""Who may be acknowledged: entries of one partition, in order, each once all of it is durable."""

import asyncio
from collections import deque
from collections.abc import Callable

Act = Callable[[], object]


class Entry:
    """Some records in flight, held open by everything that is still being made from them."""

    __slots__ = ("_acts", "_holds", "_line")

    def __init__(self, line: "Line", acknowledge: Act) -> None:
        self._line = line
        self._acts = [acknowledge]
        self._holds = 1

    def hold(self, count: int = 1) -> None:
        """Keep the entry open until as many more `release`s."""
        self._holds += count

    def release(self) -> None:
        """Let go of one hold; the last one lets the line move."""
        self._holds -= 1
        if not self._holds:
            self._line.advance()

    def then(self, act: Act) -> None:
        """Do `act` right after the acknowledgement."""
        self._acts.append(act)

    @property
    def open(self) -> bool:
        """Whether something is still held."""
        return self._holds > 0

    def acknowledge(self) -> None:
        """Do what waits for the entry to be durable."""
        for act in self._acts:
            act()


class Line:
    """The open entries of one partition; never acknowledges over a gap."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._empty = asyncio.Event()
        self._empty.set()
        self.closed = False

    def enter(self, acknowledge: Act) -> Entry:
        """Add an entry with one hold, to be released by who entered it."""
        entry = Entry(self, acknowledge)
        self._entries.append(entry)
        self._empty.clear()
        return entry

    def advance(self) -> None:
        """Acknowledge from the front as far as nothing is held."""
        while self._entries and not self._entries[0].open and not self.closed:
            self._entries.popleft().acknowledge()
        if not self._entries:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until everything is acknowledged."""
        await self._empty.wait()

    def close(self) -> None:
        """Acknowledge nothing any more: the partition may have another owner."""
        self.closed = True
        self._entries.clear()
        self._empty.set()
