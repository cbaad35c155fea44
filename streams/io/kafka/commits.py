"""When groups committed: Kafka's own topic of offsets, followed from a few minutes ago on.

An offset that is committed again says that its reader lives and does not move; only this topic
tells that from silence. Where it may not be read, the times stay unknown.
"""

import logging
import struct
import time
from collections.abc import Sequence
from typing import NamedTuple

from streams.errors import AetherError
from streams.log import EventLog, Follower, Record

logger = logging.getLogger(__name__)

TOPIC = "__consumer_offsets"
RETRY_S = 30.0
#: All was heard when nothing came for so long; where commits never end, enough was. One who looks
#: now and then is not sent more than it has not taken yet: what is there at once is as old as the
#: look before.
QUIET_S, LISTEN_MAX_S = 0.03, 0.5
#: What was committed earlier than this before we listen counts as committed then.
PAST_MS = 600_000
#: What goes with a commit whose member works on what comes next, which takes long. It is looked for
#: here alone: librdkafka tells what goes with commits with bytes behind it that are none of it.
WORKING = "aether:working"
_SAID = WORKING.encode()
#: `OffsetCommitKey`, versions 0 and 1; later versions are keys of other things.
_COMMIT_KEYS = (0, 1)


class Reader(NamedTuple):
    """A group in one partition."""

    group: str
    topic: str
    partition: int


class Commits:
    """The times of the last commits that were heard of, by the broker's clock."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._follower: Follower | None = None
        self._retry_at = 0.0
        self._heard: dict[Reader, int] = {}
        self._working: set[Reader] = set()
        self._since_ms: int | None = None

    def at_ms(self, reader: Reader) -> int | None:
        """Return when a reader committed last, at the latest; None if nobody can know."""
        return self._heard.get(reader, self._since_ms)

    def works(self, reader: Reader) -> bool:
        """Return whether a reader said with its last commit that it works on what comes next."""
        return reader in self._working

    def listen(self, now_ms: int) -> None:
        """Take note of what was committed since the last call."""
        try:
            if self._follower is None:
                if time.monotonic() < self._retry_at:
                    return
                self._follower = self._begin(now_ms - PAST_MS)
            until = time.monotonic() + LISTEN_MAX_S
            while records := self._follower.take(QUIET_S):
                self._hear(records)
                if time.monotonic() > until:
                    break
        except AetherError as error:  # not made yet, forbidden, away: figures go on without it
            logger.info("commits are not heard", extra={"error": str(error)})
            self.close()
            self._retry_at = time.monotonic() + RETRY_S

    def close(self) -> None:
        """Stop listening."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _begin(self, since_ms: int) -> Follower:
        """Read the last minutes, and return what follows."""
        ends = {}
        for partition in range(self._log.partitions(TOPIC)):
            end = ends[TOPIC, partition] = self._log.span(TOPIC, partition).end
            start = self._log.offset_at(TOPIC, partition, since_ms)
            for records in self._log.read(TOPIC, partition, start, end):
                self._hear(records)
        self._since_ms = self._since_ms or since_ms
        return self._log.follow(ends)

    def _hear(self, records: Sequence[Record]) -> None:
        for record in records:
            reader = reader_of(record.key or b"")
            if reader is None:
                continue
            self._working.discard(reader)
            if record.value is None:
                self._heard.pop(reader, None)
                continue
            self._heard[reader] = record.timestamp_ms
            if _SAID in record.value:  # it holds numbers beside
                self._working.add(reader)


def reader_of(key: bytes) -> Reader | None:
    """Return whose offset a record of the topic holds; None if it holds something else."""
    try:
        (version,) = struct.unpack_from(">h", key)
        if version not in _COMMIT_KEYS:
            return None
        group, at = _text(key, 2)
        topic, at = _text(key, at)
        (partition,) = struct.unpack_from(">i", key, at)
    except (struct.error, UnicodeDecodeError):
        return None
    return Reader(group, topic, partition)


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", data, at)
    end = at + 2 + length
    return data[at + 2 : end].decode(), end
