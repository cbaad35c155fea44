"""Sends requests to the log and says what became of them: durable, refused, or unknown.

A full queue and a broker that is away are known before anything is sent; a delivery that takes too
long may still happen, so its outcome is unknown, never failed.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

from streams.errors import AetherError, BrokerAway, DeliveryFailed, Transient
from streams.ids import EventId, RunId
from streams.io.wire import Wire
from streams.log import Draft, EventLog, Headers
from streams.topics import SESSIONS, Topic

logger = logging.getLogger(__name__)

COMPONENT = "gateway"
SERVE_S = 0.1
PING_EVERY_S = 2.0
PING_TIMEOUT_S = 2.0


class QueueFull(Transient):
    """More requests are on their way to the log than may be."""


class Doorstep(EventLog, Protocol):
    """A log that can be asked whether it is there before anything is sent."""

    def ping(self, timeout_s: float) -> None:
        """Ask for an answer of any kind. Raises BrokerAway."""


class Sender:
    """The gateway's producer, served by a thread of its own."""

    def __init__(self, log: Doorstep, wire: Wire) -> None:
        self._log = log
        self._wire = wire
        self._halt = threading.Event()
        self._threads: list[threading.Thread] = []
        self._away: str | None = "Kafka was not asked yet"

    @property
    def away(self) -> str | None:
        """Why nothing can be sent, or None if it can."""
        return self._away

    def start(self) -> None:
        """Begin to serve deliveries and to watch the broker."""
        for work in (self._serve, self._watch):
            self._threads.append(threading.Thread(target=work, name=work.__name__, daemon=True))
            self._threads[-1].start()

    async def close(self) -> None:
        """Wait for what is on its way, then stop."""
        await asyncio.to_thread(self._log.flush, 5.0)
        self._halt.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    async def send(
        self,
        run_id: RunId,
        key: str,
        event: Any,
        trace: Headers,
        *,
        large: bool = False,
        topic: Topic = SESSIONS,
        event_id: EventId | None = None,
    ) -> None:
        """Append an event of a run; return once it is durable. It has the run's id, or its own.

        A `large` payload may have to go to the object store first, which takes time.

        Raises BrokerAway and QueueFull when nothing was sent, StoreAway when its payload could not
        be kept, and DeliveryFailed when the outcome is unknown.
        """
        if self._away is not None:
            raise BrokerAway(self._away)

        def draft_of() -> Draft:
            return self._wire.root(
                event,
                component=COMPONENT,
                topic=topic.name,
                key=key,
                event_id=event_id or EventId(run_id),
                at_ms=int(time.time() * 1000),
                run_id=run_id,
                trace=trace,
            )

        if large:
            draft = await asyncio.to_thread(draft_of)
        else:
            draft = draft_of()
        await self.deliver([draft])

    async def deliver(self, drafts: Sequence[Draft]) -> None:
        """Append drafts; return once all of them are durable. Raises as `send` does.

        Of several, some may be durable when one is not: then the outcome is unknown.
        """
        if self._away is not None:
            raise BrokerAway(self._away)
        loop = asyncio.get_running_loop()
        landed: asyncio.Future[DeliveryFailed | None] = loop.create_future()
        left = len(drafts)

        def delivered(error: DeliveryFailed | None) -> None:
            nonlocal left
            left -= 1
            if error is not None or not left:
                loop.call_soon_threadsafe(_settle, landed, error)

        sent = self._log.append(drafts, delivered)
        if not sent:
            raise QueueFull("too many requests are on their way to the log", fix="ask again soon")
        if sent < len(drafts):
            raise DeliveryFailed(f"only {sent} of {len(drafts)} events fitted into the queue")
        error = await landed
        if error is not None:
            raise error

    def _serve(self) -> None:
        while not self._halt.is_set():
            if not self._log.serve(SERVE_S):
                self._halt.wait(0.001)

    def _watch(self) -> None:
        while not self._halt.is_set():
            try:
                self._log.ping(PING_TIMEOUT_S)
                self._away = None
            except AetherError as error:  # whatever it is, nothing can be sent meanwhile
                self._away = str(error)
                logger.warning("waiting", extra={"error": self._away})
            self._halt.wait(PING_EVERY_S)


def _settle(future: "asyncio.Future[DeliveryFailed | None]", error: DeliveryFailed | None) -> None:
    if not future.done():
        future.set_result(error)
