"""What the gateway knows of lag: a fold of the observer's samples, kept up to date by a thread."""

import asyncio
import logging
import threading
import time

from streams.errors import Fatal, Transient
from streams.io.lag_history import Observed, folded, recent
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import OBSERVATIONS

logger = logging.getLogger(__name__)

TAKE_S = 0.5
PAUSE_S = 1.0


class Board:
    """The groups that were sampled, for whoever asks or waits for news."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self._log = log
        self._wire = wire
        self.known = Observed()
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow-lag", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether there will be no news any more."""
        return self._halt.is_set()

    def start(self) -> None:
        """Begin to follow, for the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Stop following, and let go of everyone who waits."""
        self._halt.set()
        self._tell()
        await asyncio.to_thread(self._thread.join)

    async def newer(self, than: int, within_s: float) -> Observed | None:
        """Wait until more is known than up to an offset; None if nothing came in time."""
        deadline = time.monotonic() + within_s
        while not self._halt.is_set():
            if self.known.offset > than:
                return self.known
            try:
                await asyncio.wait_for(self._news.wait(), deadline - time.monotonic())
            except TimeoutError:
                return None
        return None

    def _run(self) -> None:
        while not self._halt.is_set():
            try:
                self._follow(recent(self._log, self._wire, int(time.time() * 1000)))
            except Transient as error:
                logger.warning("waiting", extra={"error": str(error)})
            except Fatal as error:  # truncated below us, or not yet created: begin anew
                logger.warning("following anew", extra={"error": str(error)})
            self._halt.wait(PAUSE_S)

    def _follow(self, known: Observed) -> None:
        follower = self._log.follow({(OBSERVATIONS.name, 0): known.offset})
        try:
            while not self._halt.is_set():
                self._learned(known)
                known = folded(known, follower.take(TAKE_S), self._wire)
        finally:
            follower.close()

    def _learned(self, known: Observed) -> None:
        if known.offset != self.known.offset and self._loop is not None:
            self.known = known
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        """Wake everyone who waits; who waits again waits for the next news."""
        self._news.set()
        self._news = asyncio.Event()
