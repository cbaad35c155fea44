"""The deadline of nodes: a request that none of them answered in time fails, and its run with it.

Time enters the log as an event. Of the outcomes of a request the first counts, so what a node says
later changes nothing, whoever decides; and every worker that watches says the same under one id.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from processors.models.dispatch import node_topic
from processors.patience import patiently, rested
from streams.envelope import Envelope
from streams.errors import DeliveryFailed, Poison, Transient
from streams.events.sessions import InferenceCompleted, InferenceFailed, InferenceRequested
from streams.ids import InferenceId, ProcessorName, RunId
from streams.io.wire import Author, Wire
from streams.log import EventLog, Follower, Record
from streams.topics import SESSIONS

logger = logging.getLogger(__name__)

NAME, VERSION = ProcessorName("deadline"), 1
REASON = "node_away"
TAKE_S = 0.5
#: A grid that was away this long at most still ends what was asked before: nobody waits longer.
BACK_MS = 24 * 3_600_000

#: What an outcome is the outcome of.
Inference = tuple[RunId, InferenceId]


class Deadline:
    """Follows the sessions from a day ago, and ends what waits for a node for too long."""

    def __init__(
        self,
        log: EventLog,
        wire: Wire,
        patience_s: float,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._log = log
        self._wire = wire
        self._author = Author(wire, NAME, VERSION)
        self._patience_ms = int(patience_s * 1000)
        self._now_ms = now_ms
        self._waiting: dict[Inference, Envelope[Any]] = {}
        self._ends: dict[tuple[str, int], int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set."""
        follower = await patiently(lambda: asyncio.to_thread(self.begin), told=_told)
        try:
            while not stop.is_set():
                await rested(stop, await self.turn(follower))
        finally:
            await asyncio.to_thread(follower.close)

    def begin(self) -> Follower:
        """Return a reader of all that may still wait. Raises Transient."""
        since, starts = self._now_ms() - BACK_MS, {}
        for partition in range(self._log.partitions(SESSIONS.name)):
            place = (SESSIONS.name, partition)
            span = self._log.span(*place)
            starts[place] = max(span.first, self._log.offset_at(*place, since))
            self._ends[place] = span.end
        return self._log.follow(starts)

    async def turn(self, follower: Follower) -> int:
        """Read what is there, then end what is late; nothing before the past is known.

        Returns how much was read.
        """
        records = await patiently(lambda: asyncio.to_thread(follower.take, TAKE_S), told=_told)
        await patiently(lambda: asyncio.to_thread(self._note, records), told=_told)
        at = follower.positions()
        if all(at.get(place, end) >= end for place, end in self._ends.items()):
            self._end()
        return len(records)

    def _note(self, records: Sequence[Record]) -> None:
        for record in records:
            with suppress(Poison):  # whoever works on it parks it
                kind = self._wire.codec.kind_of(record.value)
                if kind is InferenceRequested:
                    self._ask(self._wire.open(record))
                elif self._waiting and kind in (InferenceCompleted, InferenceFailed):
                    self._waiting.pop(_inference(self._wire.open(record).event), None)

    def _ask(self, cause: Envelope[Any]) -> None:
        """Keep of a request what its end needs; the text of a thousand would be much."""
        request = cause.event
        if node_topic(request) is not None:
            failed = InferenceFailed(
                run_id=request.run_id,
                inference_id=request.inference_id,
                model=request.model,
                reason=REASON,
                detail=f"no node answered for {request.model} in {self._patience_ms / 1000:g} s",
            )
            self._waiting[_inference(failed)] = cause._replace(event=failed)

    def _end(self) -> None:
        """Append an outcome for each request that waits for too long."""
        before = self._now_ms() - self._patience_ms
        for late in [each for each in self._waiting.values() if each.recorded_at_ms <= before]:

            def delivered(error: DeliveryFailed | None, late: Envelope[Any] = late) -> None:
                if error is not None:
                    logger.warning("not ended", extra={"error": str(error)})
                    self._waiting[_inference(late.event)] = late

            if self._log.append([self._author.outcome(late, late.event)], delivered):
                del self._waiting[_inference(late.event)]


def _inference(event: Any) -> Inference:
    return event.run_id, event.inference_id


def _told(error: Transient) -> None:
    logger.warning("deadlines wait for the log", extra={"error": str(error)})
