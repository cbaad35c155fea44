"""Keeps the index of runs up to date: of several workers the one that reads the observations does.

Whatever is away, the worker goes on: the index is a cache, and is filled from where it was left.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from processors.patience import pause, rested
from streams.errors import Transient
from streams.io.run_index.database import Database
from streams.io.run_index.index import RunIndex
from streams.io.run_index.indexer import Indexer
from streams.io.wire import Wire
from streams.log import EventLog, Follower
from streams.topics import SESSIONS

logger = logging.getLogger(__name__)

TAKE_S, PUT_S, AWAY_S = 0.2, 0.5, 2.0


class RunIndexing:
    """One worker's share in it; `holds` says whether it is the one that fills the index."""

    def __init__(
        self,
        log: EventLog,
        wire: Wire,
        database: Database,
        holds: Callable[[], bool],
        put_s: float = PUT_S,
        away_s: float = AWAY_S,
    ) -> None:
        self._log = log
        self._wire = wire
        self._database = database
        self._holds = holds
        self._put_s = put_s
        self._away_s = away_s

    async def run(self, stop: asyncio.Event) -> None:
        """Fill it until `stop` is set."""
        while not stop.is_set():
            rest_s = TAKE_S
            if self._holds():
                try:
                    await self._fill(stop)
                except Transient as error:
                    logger.warning("waiting", extra={"error": str(error), "topic": SESSIONS.name})
                    rest_s = self._away_s
            await pause(stop, rest_s)
        await asyncio.to_thread(self._database.close)

    async def _fill(self, stop: asyncio.Event) -> None:
        """Fill it for as long as this worker is the one. Raises Transient."""
        indexer, follower = await asyncio.to_thread(self._begin)
        try:
            due, unput = time.monotonic() + self._put_s, 1  # the first put says where it begins
            while self._holds() and not stop.is_set():
                came = await asyncio.to_thread(_take, indexer, follower)
                unput += came
                if unput and time.monotonic() >= due:
                    await asyncio.to_thread(_put, indexer, follower)
                    due, unput = time.monotonic() + self._put_s, 0
                await rested(stop, came)
        finally:
            await asyncio.to_thread(follower.close)

    def _begin(self) -> tuple[Indexer, Follower]:
        index = RunIndex(self._database, SESSIONS.name, self._log.identity(SESSIONS.name))
        indexer = Indexer(self._log, self._wire, index, SESSIONS.name)
        starts = indexer.begin()
        return indexer, self._log.follow({(SESSIONS.name, p): at for p, at in starts.items()})


def _take(indexer: Indexer, follower: Follower) -> int:
    records = follower.take(TAKE_S)
    indexer.take(records)
    return len(records)


def _put(indexer: Indexer, follower: Follower) -> None:
    indexer.put({partition: at for (_, partition), at in follower.positions().items()})
