"""Topics that somebody watches: one thread and one reader a topic, however many watch.

A watch that is not read in time loses nothing: it is told that it fell behind, and the log is read
from where it was. A topic that nobody watches is not followed.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.api.places import Places
from streams.errors import Fatal, Transient
from streams.log import EventLog, Record

logger = logging.getLogger(__name__)

TAKE_S, PAUSE_S = 0.2, 0.5
#: Records that may wait for one watcher.
WAITING_MAX = 2_000


class Watch:
    """One watcher's records from `start` on; `behind` says that some were dropped."""

    def __init__(self, start: Places) -> None:
        self.start = start
        self.behind = False
        self._waiting: deque[Record] = deque()
        self._news = asyncio.Event()

    def put(self, records: list[Record]) -> None:
        """Hand records over, in the loop's thread."""
        if len(self._waiting) + len(records) > WAITING_MAX:
            self._waiting.clear()
            self.behind = True
        if not self.behind:
            self._waiting.extend(records)
        self._news.set()

    def restart(self, start: Places) -> None:
        """Begin anew at a later place."""
        self.start, self.behind = start, False
        self._waiting.clear()

    async def take(self, within_s: float) -> list[Record]:
        """Return what has come, waiting for it up to a time."""
        if not self._waiting and not self.behind:
            self._news.clear()
            try:
                async with asyncio.timeout(within_s):
                    await self._news.wait()
            except TimeoutError:
                return []
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class _Following:
    """A topic that is followed, and who watches it."""

    def __init__(self, log: EventLog, topic: str, places: Places) -> None:
        self.places = places  # what watchers have been told up to, in the loop's thread
        self.watches: set[Watch] = set()
        self._log = log
        self._topic = topic
        self._loop = asyncio.get_running_loop()
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tail-{topic}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._halt.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        places = {(self._topic, p): offset for p, offset in enumerate(self.places)}
        lost = False
        while not self._halt.is_set():
            try:
                if lost:  # truncated below us: begin where it begins
                    places, lost = {place: self._log.span(*place).first for place in places}, False
                self._follow(places)
            except Transient as error:
                logger.warning("waiting", extra={"error": str(error)})
            except Fatal as error:
                logger.warning("following anew", extra={"error": str(error)})
                lost = True
            self._halt.wait(PAUSE_S)

    def _follow(self, places: dict[tuple[str, int], int]) -> None:
        """Tell what comes from `places` on, which go along."""
        follower = self._log.follow(places)
        try:
            while not self._halt.is_set():
                if records := follower.take(TAKE_S):
                    places |= {(r.topic, r.partition): r.offset + 1 for r in records}
                    self._loop.call_soon_threadsafe(self._tell, records)
        finally:
            follower.close()

    def _tell(self, records: list[Record]) -> None:
        places = list(self.places)
        for record in records:
            places[record.partition] = record.offset + 1
        self.places = tuple(places)
        for watch in self.watches:
            watch.put(records)


class Tail:
    """What is followed now, by topic."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._followed: dict[str, _Following] = {}
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def watching(self, topic: str) -> AsyncIterator[Watch]:
        """Watch a topic while the block lasts, from what is its end now."""
        async with self._opening:
            following = self._followed.get(topic)
            if following is None:
                ends = await asyncio.to_thread(self._ends, topic)
                following = self._followed[topic] = _Following(self._log, topic, ends)
            watch = Watch(following.places)
            following.watches.add(watch)
        try:
            yield watch
        finally:
            following.watches.discard(watch)
            if not following.watches and self._followed.get(topic) is following:
                del self._followed[topic]
                following.stop()

    def end_of(self, topic: str) -> Places:
        """Return up to where the watchers of a topic were told."""
        return self._followed[topic].places

    async def close(self) -> None:
        """Stop following."""
        for following in self._followed.values():
            following.stop()
            await asyncio.to_thread(following.join)

    def _ends(self, topic: str) -> Places:
        return tuple(self._log.span(topic, p).end for p in range(self._log.partitions(topic)))
