"""The seam between the log and the news: what was read from one is not told again by the other."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

from gateway.api import places
from gateway.api.live import Reading, Wanted
from gateway.api.places import Places
from streams.events.memory import MemoryOffered
from streams.topics import MEMORY
from tests.examples import CONTENT
from tests.unit.gateway.door import Grid, silent

OFFERED = MemoryOffered(content=CONTENT)


class Listener:
    """One stream of a topic, from some places on."""

    def __init__(self, reading: Reading, start: Places, wanted: Wanted = lambda _: True) -> None:
        stream = reading.stream(MEMORY.name, start, wanted)
        self._frames: AsyncIterator[bytes] = aiter(stream.body_iterator)  # type: ignore[arg-type]
        self.keys: list[str] = []

    async def until_quiet(self) -> str:
        """Listen until all that is in the log was told, and news are waited for; return where."""
        async with asyncio.timeout(60):
            while not (frame := await anext(self._frames)).startswith(b"id: ") or b"data" in frame:
                self._hear(frame)
        return frame.decode().removeprefix("id: ").strip()

    async def until(self, count: int) -> list[str]:
        """Listen until so many were told in all; return their keys in order."""
        async with asyncio.timeout(60):
            while len(self.keys) < count:
                self._hear(await anext(self._frames))
        return sorted(self.keys)

    def _hear(self, frame: bytes) -> None:
        for line in frame.decode().splitlines():
            if line.startswith("data: "):
                self.keys.append(json.loads(line[6:])["partitionkey"])


def keys(start: int, end: int) -> list[str]:
    return [f"key-{number}" for number in range(start, end)]


def fill(grid: Grid, start: int, end: int) -> None:
    for key in keys(start, end):
        grid.land(MEMORY, key, OFFERED)


async def test_news_of_what_lies_before_a_listener_are_not_told_to_it(tmp_path: Path) -> None:
    """One listens already; another comes from further ahead than anybody has heard of."""
    grid = Grid(tmp_path, silent, in_flight_max=10)
    reading = Reading(grid, grid.wire, quiet_s=0.05)
    fill(grid, 0, 3)
    first = Listener(reading, places.named(places.START, grid, MEMORY.name))
    await first.until_quiet()
    grid.late.add(MEMORY.name)
    fill(grid, 3, 6)  # in the log, and heard of by nobody
    second = Listener(reading, places.named(places.END, grid, MEMORY.name))
    await second.until_quiet()
    grid.late.clear()
    fill(grid, 6, 9)
    assert await first.until(9) == keys(0, 9)
    assert await second.until(3) == keys(6, 9)
    await reading.close()


async def test_a_quiet_stream_tells_how_far_it_looked(tmp_path: Path) -> None:
    """Nothing of what it passed over is read again by who comes back."""
    grid = Grid(tmp_path, silent, in_flight_max=10)
    reading = Reading(grid, grid.wire, quiet_s=0.05)
    start = places.named(places.START, grid, MEMORY.name)
    listener = Listener(reading, start, lambda _: False)
    assert await listener.until_quiet() == places.written(start)
    fill(grid, 0, 9)
    end = places.written(places.named(places.END, grid, MEMORY.name))
    async with asyncio.timeout(60):
        while await listener.until_quiet() != end:
            pass
    await reading.close()


async def test_a_stream_that_passes_over_all_that_comes_is_not_silent(tmp_path: Path) -> None:
    """However much comes: a proxy closes what says nothing."""
    grid = Grid(tmp_path, silent, in_flight_max=10)
    reading = Reading(grid, grid.wire, quiet_s=0.2)
    start = places.named(places.END, grid, MEMORY.name)
    listener = Listener(reading, start, lambda _: False)
    await listener.until_quiet()

    async def busy() -> None:
        for number in count():
            fill(grid, number, number + 1)
            await asyncio.sleep(0.02)

    filling = asyncio.create_task(busy())
    told = [await listener.until_quiet() for _ in range(3)]
    filling.cancel()
    assert len(set(told)) == 3
    await reading.close()
