"""A topic read from its start and ever after, by a thread: what the gateway knows by heart."""

import asyncio
import logging
import threading
from collections.abc import Callable

from streams.errors import Fatal, Transient
from streams.log import EventLog, Record
from streams.topics import Topic

logger = logging.getLogger(__name__)

TAKE_S = 0.5
PAUSE_S = 1.0


class Followed:
    """Hands every record of a topic to `learn`, in its thread; some may come again after a break.

    `learn` judges what it can read; it may raise Transient, and is then told again.
    """

    def __init__(self, log: EventLog, topic: Topic, learn: Callable[[Record], None]) -> None:
        self._log = log
        self._topic = topic
        self._learn = learn
        self._halt = threading.Event()
        self._caught_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow-{topic.name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    async def close(self) -> None:
        """Stop following."""
        self._halt.set()
        await asyncio.to_thread(self._thread.join)

    async def caught_up(self, within_s: float) -> bool:
        """Wait until all was learned that was there when following began; say if it was."""
        if self._caught_up.is_set():
            return True
        return await asyncio.to_thread(self._caught_up.wait, within_s)

    def _run(self) -> None:
        places: dict[tuple[str, int], int] = {}
        while not self._halt.is_set():
            try:
                places = places or self._spans(first=True)
                self._follow(places, self._spans(first=False))
            except Transient as error:
                logger.warning("waiting", extra={"error": str(error)})
            except Fatal as error:  # truncated below us, or not yet created: begin anew
                logger.warning("following anew", extra={"error": str(error)})
                places = {}
            self._halt.wait(PAUSE_S)

    def _follow(self, places: dict[tuple[str, int], int], ends: dict[tuple[str, int], int]) -> None:
        """Follow from some places on, which are moved; everything below `ends` is the past."""
        follower = self._log.follow(dict(places))
        try:
            while not self._halt.is_set():
                if all(places[place] >= end for place, end in ends.items()):
                    self._caught_up.set()
                for record in follower.take(TAKE_S):
                    self._learn(record)
                    places[record.topic, record.partition] = record.offset + 1
        finally:
            follower.close()

    def _spans(self, *, first: bool) -> dict[tuple[str, int], int]:
        name = self._topic.name
        spans = {(name, p): self._log.span(name, p) for p in range(self._log.partitions(name))}
        return {place: span.first if first else span.end for place, span in spans.items()}
