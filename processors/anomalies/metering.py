"""Follows the events of the grid and writes down, every few seconds, what they are in numbers.

Of several workers one measures: the one that reads the observations. What it does not measure while
the log is away is a gap in the series and no zero.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from processors.anomalies.meter import READS, Meter
from processors.patience import patiently, pause, rested
from streams.errors import DeliveryFailed, Poison, Transient
from streams.events.series import SeriesSampled
from streams.ids import EventId, derived
from streams.io.wire import Wire
from streams.log import EventLog, Follower, Record
from streams.topics import OBSERVATIONS, REGISTRY, SESSIONS

logger = logging.getLogger(__name__)

#: The key of all that is sampled here.
METER = "meter"
#: So far back the names are looked for that were counted before a restart.
LOOK_BACK = 2_000
EVERY_S, TAKE_S = 10.0, 0.2


class Metering:
    """One worker's meter; `holds` says whether it is the one that measures."""

    def __init__(
        self,
        log: EventLog,
        wire: Wire,
        holds: Callable[[], bool],
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._wire = wire
        self._holds = holds
        self._every_s = every_s
        self._clock = clock
        self._taken: deque[Record] = deque()

    async def run(self, stop: asyncio.Event) -> None:
        """Measure until `stop` is set."""
        while not stop.is_set():
            if self._holds():
                await self._measure(stop)
            await pause(stop, TAKE_S)

    async def _measure(self, stop: asyncio.Event) -> None:
        """Measure for as long as this worker is the one, from now on."""
        meter, follower = await patiently(lambda: asyncio.to_thread(self._begin), told=_told)
        due = self._clock() + self._every_s
        try:
            while self._holds() and not stop.is_set():
                came = await patiently(
                    lambda: asyncio.to_thread(self._take, meter, follower), told=_told
                )
                if (now := self._clock()) >= due:
                    self._tell(meter.close(int(now * 1000), int(self._every_s * 1000)))
                    due = now + self._every_s
                await rested(stop, came)
        finally:
            await asyncio.to_thread(follower.close)

    def _begin(self) -> tuple[Meter, Follower]:
        log = self._log
        ends = {
            (SESSIONS.name, partition): log.span(SESSIONS.name, partition).end
            for partition in range(log.partitions(SESSIONS.name))
        }
        self._taken.clear()
        starts = {**ends, (REGISTRY.name, 0): log.span(REGISTRY.name, 0).first}
        return Meter(self._counted_before()), log.follow(starts)

    def _counted_before(self) -> list[str]:
        """Return the names in the last sample that was told, wherever it was taken."""
        span, names = self._log.span(OBSERVATIONS.name, 0), list[str]()
        start = max(span.first, span.end - LOOK_BACK)
        for records in self._log.read(OBSERVATIONS.name, 0, start, span.end):
            for sample in self._wire.opened(records, (SeriesSampled,)):
                names = [one.series for one in sample.event.counts]
        return names

    def _take(self, meter: Meter, follower: Follower) -> int:
        """Measure what has come; what a Transient stops is measured by the next call.

        It returns how much that was.
        """
        came = follower.take(TAKE_S)
        self._taken.extend(came)
        while self._taken:
            with suppress(Poison):  # the runner of this topic parks it
                self._measured(meter, self._taken[0])
            self._taken.popleft()
        return len(came)

    def _measured(self, meter: Meter, record: Record) -> None:
        kind = self._wire.codec.kind_of(record.value)
        if kind is None:
            return
        if kind in READS:
            meter.take(self._wire.open(record))
        if record.topic == SESSIONS.name:
            meter.saw(kind, dict(record.headers))

    def _tell(self, sampled: SeriesSampled) -> None:
        if not sampled.points and not sampled.counts:
            return  # nothing ever happened here
        draft = self._wire.root(
            sampled,
            component="observer",
            topic=OBSERVATIONS.name,
            key=METER,
            event_id=EventId(derived(self._wire.node, METER, sampled.at_ms)),
            at_ms=sampled.at_ms,
        )
        if not self._log.append([draft], _delivered):  # too much is on its way; the next one tells
            logger.warning("not told", extra={"error": "the producer's queue is full"})


def _delivered(error: DeliveryFailed | None) -> None:
    if error is not None:
        logger.warning("not told", extra={"error": str(error)})


def _told(error: Transient) -> None:
    logger.warning("waiting", extra={"error": str(error), "topic": SESSIONS.name})
