"""A topic as server-sent events: what is in the log first, then what comes, without a seam.

Every event's id is the places right behind it; who comes back with it misses nothing and hears
nothing twice. A stream begins with an id and tells one every few seconds while nothing comes that
is wanted: who heard nothing yet misses nothing either, and proxies do not close it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway import sse
from gateway.api import places
from gateway.api.history import page
from gateway.api.places import Places
from gateway.api.shown import shown
from gateway.api.tail import Tail, Watch
from gateway.errors import ApiError
from streams.errors import AetherError
from streams.io.wire import Wire
from streams.log import EventLog, Record

T = TypeVar("T")

QUIET_S = 10.0
AT_ONCE = 500
STREAMS_MAX = 200
READERS = 4

#: The client comes back after so many milliseconds.
RETRY = b"retry: 1000\n"

Wanted = Callable[[Record], bool]
#: A record with the places right behind it.
Found = tuple[Record, Places]
#: What was found, up to which places; an empty piece says that nothing was wanted up to there.
Piece = tuple[list[Found], Places]
#: A frame, and whether it is the last.
Frame = tuple[bytes, bool]


class Reading:
    """What reads the log for the doors, in threads of its own."""

    def __init__(self, log: EventLog, wire: Wire, quiet_s: float = QUIET_S) -> None:
        self.log = log
        self.wire = wire
        self.streams = 0
        self._tail = Tail(log)
        self._quiet_s = quiet_s
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")

    async def aside(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def close(self) -> None:
        """Let go of everything."""
        await self._tail.close()
        self._readers.shutdown(wait=False, cancel_futures=True)

    def stream(
        self, topic: str, start: Places, wanted: Wanted, last: Wanted | None = None
    ) -> "Stream":
        """Return a topic's wanted records from a place on, without end or up to a `last` one.

        Raises ApiError if too many streams are open.
        """
        if self.streams >= STREAMS_MAX:
            message = f"{STREAMS_MAX} streams are open already"
            raise ApiError(503, "server_error", "too_many_streams", message, retry=True)
        return Stream(self, self._frames(topic, start, wanted, last or (lambda _: False)))

    async def _frames(
        self, topic: str, start: Places, wanted: Wanted, last: Wanted
    ) -> AsyncGenerator[bytes, None]:
        yield RETRY + _standing(start)
        try:
            async with self._tail.watching(topic) as watch:
                async for found, at in self._found(topic, start, wanted, watch):
                    if not found:
                        yield _standing(at)
                    for frame, ends in await self.aside(partial(self._told, found, last)):
                        yield frame
                        if ends:
                            return
        except AetherError as error:  # its client comes back for the rest
            yield b"event: error\ndata: " + orjson.dumps({"detail": str(error)}) + b"\n\n"

    async def _found(
        self, topic: str, at: Places, wanted: Wanted, watch: Watch
    ) -> AsyncGenerator[Piece, None]:
        """Yield what is in the log, then what comes, in pieces; an empty one after a quiet time."""
        loop = asyncio.get_running_loop()
        while True:
            until = tuple(map(max, at, watch.start))
            while at != until:
                found, at, _ = await self.aside(
                    partial(page, self.log, topic, at, until, AT_ONCE, wanted)
                )
                if found:
                    yield found, at
            quiet_at = loop.time() + self._quiet_s
            while not watch.behind:
                fresh = []
                for record in await watch.take(quiet_at - loop.time()):
                    if record.offset >= at[record.partition]:
                        at = places.moved(at, record.partition, record.offset + 1)
                        if wanted(record):
                            fresh.append((record, at))
                if fresh or loop.time() >= quiet_at:
                    yield fresh, at
                    quiet_at = loop.time() + self._quiet_s
            watch.restart(self._tail.end_of(topic))

    def _told(self, found: Iterable[Found], last: Wanted) -> list[Frame]:
        return [
            (_frame(behind, shown(record, self.wire)), last(record)) for record, behind in found
        ]


class Stream(StreamingResponse):
    """The answer; it is counted while it is open and lets go however it ends."""

    def __init__(self, reading: Reading, frames: AsyncGenerator[bytes, None]) -> None:
        super().__init__(frames, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)
        self._reading = reading
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the frames."""
        self._reading.streams += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._reading.streams -= 1
            await self._frames.aclose()


def _standing(at: Places) -> bytes:
    """Return a frame that is no event: a client keeps its id all the same."""
    return f"id: {places.written(at)}\n\n".encode()


def _frame(behind: Places, said: dict[str, Any]) -> bytes:
    lines = (
        f"id: {places.written(behind)}\nevent: {_name(said)}\ndata: ".encode(),
        orjson.dumps(said),
    )
    return b"".join((*lines, b"\n\n"))


def _name(said: dict[str, Any]) -> str:
    """Return what listeners know an event by; the type of what cannot be read is anybody's text."""
    if "unreadable" in said:
        return "record"
    name: str = said["type"].rpartition(".v")[0].rpartition(".")[2]
    return name
