"""Who waits for which run: the log is followed by one thread, and each waiter is told its part.

Only what arrives after a request was sent can end it, so following starts at the log's end.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from streams.envelope import Envelope
from streams.errors import Fatal, Poison, Transient
from streams.events.chunks import CallEmitted, TextEmitted
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.runs import ENDS
from streams.io.wire import Wire
from streams.log import EventLog, Follower, Record
from streams.topics import CHUNKS, SESSIONS

logger = logging.getLogger(__name__)

#: What a waiter for an answer may be told; who asked for vectors hears of these alone.
News = TextEmitted | CallEmitted | ResponseCompleted | RunFailed
TOLD = (TextEmitted, CallEmitted, *ENDS)

TAKE_S = 0.2
PAUSE_S = 0.5
#: For one waiter every event is looked at as it comes; the more wait, the more are fetched at once.
PACE_S, PACE_MAX_S = 0.0003, 0.005


def pace(waiting: int) -> float:
    """Return how long to rest between looks while so many runs are waited for, in seconds."""
    return min(PACE_S * max(0, waiting - 1), PACE_MAX_S)


class Runs:
    """Open runs of this gateway, by id."""

    def __init__(
        self, log: EventLog, wire: Wire, rest: Callable[[float], object] | None = None
    ) -> None:
        self._log = log
        self._wire = wire
        self._waiters: dict[RunId, list[asyncio.Queue[Any]]] = {}
        self._halt = threading.Event()
        self._rest = rest or self._halt.wait
        self._following = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def following(self) -> bool:
        """Whether answers would be seen."""
        return self._following.is_set()

    @property
    def open(self) -> int:
        """How many runs somebody waits for."""
        return sum(map(len, self._waiters.values()))

    def start(self) -> None:
        """Begin to follow, for the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="follow-runs", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Stop following."""
        self._halt.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    @contextmanager
    def waiting(self, run_id: RunId) -> Iterator[asyncio.Queue[Any]]:
        """Hear of a run while the block lasts; enter it before the request is sent."""
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._waiters.setdefault(run_id, []).append(queue)
        try:
            yield queue
        finally:
            self._waiters[run_id].remove(queue)
            if not self._waiters[run_id]:
                del self._waiters[run_id]

    # -- the thread

    def _run(self) -> None:
        places: dict[tuple[str, int], int] = {}
        while not self._halt.is_set():
            try:
                places = places or self._ends()
                follower = self._log.follow(places)
                try:
                    self._follow(follower)
                finally:
                    places = follower.positions()
                    follower.close()
            except Transient as error:
                logger.warning("waiting", extra={"error": str(error)})
            except Fatal as error:  # truncated below us, or not yet created: begin at the end
                logger.warning("following anew", extra={"error": str(error)})
                places = {}
            self._following.clear()
            self._halt.wait(PAUSE_S)

    def _ends(self) -> dict[tuple[str, int], int]:
        return {
            (topic.name, p): self._log.span(topic.name, p).end
            for topic in (SESSIONS, CHUNKS)
            for p in range(self._log.partitions(topic.name))
        }

    def _follow(self, follower: Follower) -> None:
        self._following.set()
        while not self._halt.is_set():
            records = follower.take(TAKE_S)
            news = [n for record in records if (n := self._patiently(record)) is not None]
            if news and self._loop is not None:
                self._loop.call_soon_threadsafe(self._tell, news)
            self._rest(pace(len(self._waiters)))

    def _patiently(self, record: Record) -> Any:
        """Read a record when the registry and the object store let us: it may be an answer."""
        while not self._halt.is_set():
            try:
                return self._news(record)
            except Transient as error:
                logger.warning("waiting", extra={"error": str(error)})
                self._halt.wait(PAUSE_S)
        return None

    def _news(self, record: Record) -> Any:
        if not self._waiters:
            return None
        try:
            kind = self._wire.codec.kind_of(record.value)
            if kind not in TOLD:
                return None
            envelope: Envelope[Any] = self._wire.open(record)
        except Poison:
            return None  # whoever processes this topic parks it
        return envelope.event

    def _tell(self, news: list[Any]) -> None:
        for event in news:
            for queue in self._waiters.get(event.run_id, ()):
                queue.put_nowait(event)
