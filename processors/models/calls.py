"""Tells what became of calls to models, and hears which of them are to be left alone.

A breaker that opened longer ago than is looked back lets calls through: they tell how it stands.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence

from processors.models.breakers import Breakers
from processors.patience import patiently, pause
from streams.errors import DeliveryFailed, Transient
from streams.events.healing import BreakerClosed, BreakerOpened, CallsCounted
from streams.ids import EventId, minted
from streams.io.wire import Wire
from streams.log import Draft, EventLog, Follower, Record
from streams.topics import OBSERVATIONS

logger = logging.getLogger(__name__)

COMPONENT = "models"
LOOK_BACK_MS = 600_000
EVERY_S, TAKE_S = 2.0, 0.2


class Calls:
    """The calls of one worker's models, and its breakers."""

    def __init__(
        self,
        log: EventLog,
        wire: Wire,
        breakers: Breakers,
        every_s: float = EVERY_S,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._log = log
        self._wire = wire
        self._breakers = breakers
        self._every_s = every_s
        self._now_ms = now_ms

    async def run(self, stop: asyncio.Event) -> None:
        """Tell and hear until `stop` is set."""
        follower = await patiently(lambda: asyncio.to_thread(self._follow), told=_told)
        due = time.monotonic() + self._every_s
        try:
            while not stop.is_set():
                await self._listen(follower)
                if time.monotonic() >= due:
                    due = time.monotonic() + self._every_s
                    self._tell()
                await pause(stop, TAKE_S)
        finally:
            await asyncio.to_thread(follower.close)

    async def _listen(self, follower: Follower) -> None:
        records = await patiently(lambda: asyncio.to_thread(follower.take, TAKE_S), told=_told)
        await patiently(lambda: asyncio.to_thread(self._hear, records), told=_told)

    def _follow(self) -> Follower:
        start = self._log.offset_at(OBSERVATIONS.name, 0, self._now_ms() - LOOK_BACK_MS)
        return self._log.follow({(OBSERVATIONS.name, 0): start})

    def _hear(self, records: Sequence[Record]) -> None:
        """Hear which breakers were opened and closed; to hear it twice changes nothing."""
        for change in self._wire.opened(records, (BreakerOpened, BreakerClosed)):
            self._breakers.hear(change.event)

    def _tell(self) -> None:
        drafts = [self._draft(counts) for counts in self._breakers.counted()]
        if self._log.append(drafts, _delivered) < len(drafts):
            logger.warning("not told", extra={"error": "the producer's queue is full"})

    def _draft(self, counts: CallsCounted) -> Draft:
        return self._wire.root(
            counts,
            component=COMPONENT,
            topic=OBSERVATIONS.name,
            key=counts.target,
            event_id=EventId(minted(counts.at_ms, os.urandom(10))),
            at_ms=counts.at_ms,
        )


def _delivered(error: DeliveryFailed | None) -> None:
    if error is not None:
        logger.warning("not told", extra={"error": str(error)})


def _told(error: Transient) -> None:
    logger.warning("waiting", extra={"error": str(error), "topic": OBSERVATIONS.name})
