"""The polling thread: the only one that touches its librdkafka consumer.

confluent-kafka serialises all calls on one consumer, and a call from another thread starves
against poll(): so commits come in as jobs. Assignment is eager; every assignment is a generation.
Where the broker no longer has a partition's next record, the past is read before it goes on.
"""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol, cast

import confluent_kafka as ck
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from faust.types import TP

from processors.transport.past import Groups, Past
from streams.log import EventLog

logger = logging.getLogger(__name__)

#: Poll batches waiting for the event loop: then polling stops, then fetching.
INBOX_MAX = 8
POLL_S = 0.05
#: A short wait keeps librdkafka's prefetched records; a pause drops them.
PATIENCE_S = 1.0
COMMITTED_TIMEOUT_S = 10.0
COMMITTED_ATTEMPTS = 5

Job = Callable[[ck.Consumer], None]


class Owner(Protocol):
    """Who the thread works for; coroutines run on its event loop."""

    async def assigned(self, partitions: set[TP], generation: int) -> None:
        """Partitions are ours from now on."""

    async def revoked(self, partitions: set[TP]) -> None:
        """Finish and commit; partitions are taken away once this returns."""

    def arrived(self) -> None:
        """Something lies in the inbox. Called in the thread."""

    def committed(self, error: Exception | None, offsets: Iterable[TopicPartition]) -> None:
        """The broker answered a commit. Called in the thread."""

    def died(self, error: Exception) -> None:
        """The thread is over. Called in the thread."""


class Poller(threading.Thread):
    """Polls one consumer of a group and fills `inbox` with (generation, records by partition)."""

    def __init__(
        self,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
        config: Mapping[str, Any],
        topics: Iterable[str],
        batch_max: int,
        log: EventLog | None = None,
    ) -> None:
        super().__init__(name="rdkafka-poll", daemon=True)
        self.inbox: deque[tuple[int, Groups]] = deque()
        self.space = threading.Event()
        self.lost = False
        self.rebalancing = False
        self._owner = owner
        self._loop = loop
        self._config = config
        self._topics = list(topics)
        self._batch_max = batch_max
        self._halt = threading.Event()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._assigned: dict[TP, int] = {}  # with the offsets they were assigned at
        self._past = Past(log, batch_max)
        self._generation = 0
        self._paused = False
        self._held: set[str] = set()  # topics that are paused on their own

    # -- called from the event loop

    def submit(self, job: Job) -> None:
        """Run `job` in the thread, soon, also in the middle of a rebalance."""
        self._jobs.put(job)

    def pause(self, topic: str) -> None:
        """Fetch no more of a topic until `resume`, or until the group changes."""

        def hold(consumer: ck.Consumer) -> None:
            self._held.add(topic)
            consumer.pause(self._of({topic}))

        self.submit(hold)

    def resume(self, topic: str) -> None:
        """Fetch a paused topic again."""

        def release(consumer: ck.Consumer) -> None:
            self._held.discard(topic)
            if not self._paused:
                consumer.resume(self._of({topic}))

        self.submit(release)

    def halt(self) -> None:
        """Leave the group and end the thread."""
        self._halt.set()
        self.space.set()
        self._jobs.put(None)

    def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe anew, to these topics."""
        self._topics = list(topics)
        self.submit(self._join)

    # -- the thread

    def run(self) -> None:
        """Poll until halted."""
        consumer = None
        try:
            consumer = ck.Consumer({**self._config, "on_commit": self._on_commit})
            self._join(consumer)
            while not self._halt.is_set():
                self._turn(consumer)
        except Exception as error:  # noqa: BLE001 - the loop decides: it crashes the app
            if not self._halt.is_set():
                self._owner.died(error)
        finally:
            self._halt.set()
            if consumer is not None:
                self._run_jobs(consumer)
                consumer.close()

    def _turn(self, consumer: ck.Consumer) -> None:
        self._run_jobs(consumer)
        self._make_room(consumer)
        recalled = self._recall(consumer)
        # after any rebalance of this call: the new generation's
        first = consumer.poll(0 if recalled else POLL_S)
        if first is None:
            return
        generation = self._generation
        groups = self._grouped([first, *consumer.consume(self._batch_max - 1, 0)])
        if generation != self._generation:  # rebalanced inside consume(): of which side are they?
            self._assign(consumer)
        elif groups:
            self._put(groups)

    def _put(self, groups: Groups) -> None:
        self._past.passed(groups)
        self.inbox.append((self._generation, groups))
        self._owner.arrived()

    def _recall(self, consumer: ck.Consumer) -> bool:
        """Put some of what the broker does not have into the inbox; say whether there was any."""
        recalled = None if len(self.inbox) >= INBOX_MAX else self._past.take(self._held)
        if recalled:
            self._put(recalled)
        elif recalled is not None:  # a partition that has failed cannot be sought in
            consumer.assign(_parts(self._past.elsewhere()))
            consumer.pause(self._of(self._held))
        return recalled is not None

    def _grouped(self, messages: Iterable[Message]) -> Groups:
        groups: Groups = {}
        for message in messages:
            error = message.error()
            if error is None:
                groups.setdefault(_place(message), []).append(message)
            elif error.fatal():
                raise KafkaException(error)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self._past.missing(_place(message))
            else:
                logger.warning("consumer", extra={"error": error.str()})
        return groups

    def _make_room(self, consumer: ck.Consumer) -> None:
        if len(self.inbox) < INBOX_MAX:
            if self._paused:
                topics = {tp.topic for tp in self._assigned}
                consumer.resume(self._of(topics - self._held))
                self._paused = False
        elif not self._paused:
            self.space.clear()
            if len(self.inbox) >= INBOX_MAX and not self.space.wait(PATIENCE_S):
                consumer.pause(consumer.assignment())
                self._paused = True

    def _of(self, topics: Collection[str]) -> list[TopicPartition]:
        return _parts({tp: at for tp, at in self._assigned.items() if tp.topic in topics})

    def _run_jobs(self, consumer: ck.Consumer) -> None:
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                job(consumer)

    def _join(self, consumer: ck.Consumer) -> None:
        consumer.subscribe(
            self._topics,
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    # -- the group changes; these run inside poll()

    def _on_assign(self, consumer: ck.Consumer, partitions: list[TopicPartition]) -> None:
        mine = [TP(p.topic, p.partition) for p in partitions]
        self._assigned = self._starts(consumer, mine)
        self._assign(consumer)
        consumer.resume(_parts(self._assigned))
        self._paused = False
        self._held.clear()
        self._generation += 1
        self._call(consumer, self._owner.assigned(set(mine), self._generation))

    def _on_revoke(self, consumer: ck.Consumer, _: list[TopicPartition]) -> None:
        if self._halt.is_set():
            return
        self._call(consumer, self._owner.revoked(set(self._assigned)))
        self._assigned = {}
        self.inbox.clear()
        self._past.restart({})
        consumer.unassign()

    def _assign(self, consumer: ck.Consumer) -> None:
        self._past.restart(self._assigned)
        consumer.assign(_parts(self._assigned))

    def _on_lost(self, consumer: ck.Consumer, partitions: list[TopicPartition]) -> None:
        self.lost = True  # they have another owner: nothing may be committed
        try:
            self._on_revoke(consumer, partitions)
        finally:
            self.lost = False

    def _starts(self, consumer: ck.Consumer, mine: list[TP]) -> dict[TP, int]:
        if not mine:
            return {}
        asked = [TopicPartition(tp.topic, tp.partition) for tp in mine]
        for attempt in range(COMMITTED_ATTEMPTS):
            try:
                found = consumer.committed(asked, timeout=COMMITTED_TIMEOUT_S)
                break
            except KafkaException as error:
                if attempt == COMMITTED_ATTEMPTS - 1:
                    raise
                logger.warning("asking again for committed offsets", extra={"error": str(error)})
        return {
            TP(p.topic, p.partition): max(0, p.offset)  # none was committed: from the beginning
            for p in found
        }

    def _call(self, consumer: ck.Consumer, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` on the event loop and wait; jobs it sends are done meanwhile."""
        future: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda _: self._jobs.put(None))
        self.rebalancing = True
        try:
            while not future.done():
                job = self._jobs.get()
                if job is not None:
                    job(consumer)
                if self._halt.is_set():
                    future.cancel()
                    return
            self._run_jobs(consumer)  # a commit must not come after its partition was given up
        finally:
            self.rebalancing = False
        future.result()

    def _on_commit(self, error: ck.KafkaError | None, offsets: list[TopicPartition]) -> None:
        self._owner.committed(None if error is None else KafkaException(error), offsets)


def _place(message: Message) -> TP:
    return TP(cast(str, message.topic()), cast(int, message.partition()))


def _parts(offsets: Mapping[TP, int]) -> list[TopicPartition]:
    return [TopicPartition(tp.topic, tp.partition, offset) for tp, offset in offsets.items()]
