"""Faust's consumer over the polling thread: delivery, acknowledgement and commits.

The one tie to Faust's internals is `_new_offset` with the books it keeps; Faust's version is
pinned and the contract suite tests it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaException, Message, TopicPartition
from faust.transport import base
from faust.types import TP, ConsumerMessage
from mode import Service

from processors.transport.address import parse
from processors.transport.held import SAID_S, Busy, Held
from processors.transport.line import Group, Line
from processors.transport.poller import PATIENCE_S, Poller

COMMIT_TIMEOUT_S = 5.0
#: Stream events delivered before the loop is given to others.
TURN = 64


class Consumer(base.Consumer):
    """One member of a consumer group."""

    def __init__(self, transport: Any, *args: Any, **kwargs: Any) -> None:
        self._address = parse(transport.url)
        self._poller: Poller | None = None
        self._delivered: defaultdict[TP, deque[int]] = defaultdict(deque)
        self._owned: set[TP] = set()
        self._lines: defaultdict[str, Line] = defaultdict(Line)
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        self._arrived = asyncio.Event()
        self._held = Held()
        self._commits: dict[frozenset[tuple[str, int, int]], list[asyncio.Future[bool]]] = {}
        super().__init__(transport, *args, **kwargs)

    # -- the group

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group, or change what is read."""
        if self._poller is not None:
            self._poller.subscribe(topics)
            return
        loop, log = asyncio.get_running_loop(), getattr(self.app, "log_behind", None)
        self._poller = Poller(self, loop, self._config(), topics, self._address.batch_max, log)
        self._poller.start()

    def _config(self) -> dict[str, Any]:
        conf = self.app.conf
        behind = getattr(self.app, "log_behind", None) is not None
        return {
            "log_level": 0,
            "bootstrap.servers": self._address.servers,
            "group.id": conf.id,
            "client.id": conf.broker_client_id,
            "enable.auto.commit": False,
            "auto.offset.reset": "error" if behind else conf.consumer_auto_offset_reset,
            "isolation.level": "read_committed",
            "check.crcs": True,
            "allow.auto.create.topics": False,
            "reconnect.backoff.max.ms": 1_000,
            "queued.min.messages": 20_000,
            "fetch.queue.backoff.ms": 5,  # its default of a second stalls a full queue
            "session.timeout.ms": int(conf.broker_session_timeout * 1000),
            "heartbeat.interval.ms": int(conf.broker_heartbeat_interval * 1000),
            **getattr(self.app, "client_options", {}),
            **self._address.options,
        }

    async def assigned(self, partitions: set[TP], generation: int) -> None:
        """Tell Faust; its streams start."""
        self._owned = partitions
        if not self.app.rebalancing:
            self.app.on_rebalance_start()
        self.app.consumer_generation_id = generation
        await self.on_partitions_assigned(set(partitions), generation)

    async def revoked(self, partitions: set[TP]) -> None:
        """Let Faust drain and commit, then forget what was in flight."""
        self.app.on_rebalance_start()
        await self._on_partitions_revoked(set(partitions))
        await self.commit()
        self._owned = set()
        for line in self._lines.values():
            line.clear()
        for book in (self._delivered, self._acked, self._acked_index, self._committed_offset):
            book.clear()

    def arrived(self) -> None:
        """Wake the loop up."""
        self.loop.call_soon_threadsafe(self._arrived.set)

    def died(self, error: Exception) -> None:
        """End the application: it must not go on without its consumer."""
        asyncio.run_coroutine_threadsafe(self.app.crash(error), self.loop)

    def assignment(self) -> set[TP]:
        """Return what this member owns."""
        return set(self._owned)

    # -- delivery

    async def deliver(self, over: Callable[[], bool]) -> None:
        """Hand what was polled to the streams until `over()`, each topic at its own pace."""
        try:
            while not over():
                inbox = self._poller.inbox if self._poller is not None else None
                if not inbox:
                    self._arrived.clear()
                    await self._arrived.wait()
                elif not self.flow_active:
                    await self.can_resume_flow.wait()
                else:
                    generation, groups = inbox.popleft()
                    self._poller.space.set()  # type: ignore[union-attr]
                    for tp, messages in groups.items():
                        await self._line_up(Group(tp, messages, generation))
        finally:
            for delivery in self._deliveries.values():
                delivery.cancel()
            self._deliveries.clear()

    async def _line_up(self, group: Group) -> None:
        """Add to a topic's line; one that does not move holds the others up for a moment only."""
        topic = group.tp.topic
        line = self._lines[topic]
        if topic not in self._deliveries:
            delivery = asyncio.create_task(self._deliver_line(topic, line))
            delivery.add_done_callback(self._delivery_ended)
            self._deliveries[topic] = delivery
        if not line.paused and not await line.short(PATIENCE_S):
            line.paused = True
            self._poller.pause(topic)  # type: ignore[union-attr]
        if group.generation == self.app.consumer_generation_id:
            line.put(group)

    def _delivery_ended(self, delivery: "asyncio.Task[None]") -> None:
        if not delivery.cancelled() and (error := delivery.exception()) is not None:
            self.loop.create_task(self.app.crash(error))

    async def _deliver_line(self, topic: str, line: Line) -> None:
        since = 0
        while True:
            if line.paused and line.empty:
                line.paused = False
                self._poller.resume(topic)  # type: ignore[union-attr]
            since = await self._deliver_group(line, await line.get(), since)

    async def _deliver_group(self, line: Line, group: Group, since: int) -> int:
        tp, messages, generation = group
        for event in [messages] if self._address.batches else messages:
            since += 1
            if since >= TURN:
                since = 0
                await asyncio.sleep(0)
            await line.room()
            if generation != self.app.consumer_generation_id or not self.flow_active:
                break
            message = self._to_message(tp, event)
            self._delivered[tp].append(message.offset)
            await self.callback(message)
        return since

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        last: Message = record[-1] if self._address.batches else record
        kind, at_ms = last.timestamp()
        key, value, headers = None, record, None
        if not self._address.batches:
            key, value, headers = record.key(), record.value(), record.headers() or []
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            cast(int, last.offset()),
            at_ms / 1000.0,
            kind,
            headers,
            key,
            value,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """A stream's queue is full: its topic's delivery waits."""
        self._lines[tp.topic].fill(tp)

    def on_buffer_drop(self, tp: TP) -> None:
        """A stream's queue has room again."""
        self._lines[tp.topic].drop(tp)

    # -- commits

    def _new_offset(self, tp: TP) -> int | None:
        """Return the offset after the last event acknowledged without a gap in what was delivered.

        Gaps in the log itself, as transactions and compaction leave them, do not matter.
        """
        line, done, offset = self._delivered[tp], self._acked_index[tp], None
        while line and line[0] in done:
            offset = line.popleft()
            done.discard(offset)
        self._acked[tp].clear()
        return None if offset is None else offset + 1

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; a failure costs reading again, because a later commit covers it."""
        poller = self._poller
        if poller is None or poller.lost or not poller.is_alive():
            return False
        marks = [TopicPartition(tp.topic, tp.partition, at) for tp, at in offsets.items()]
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._commits.setdefault(_name(marks), []).append(answered)
        self._submit(poller, marks)
        if poller.rebalancing:  # the thread waits for us: its answer comes too late to wait for
            return True
        try:
            return await asyncio.wait_for(answered, COMMIT_TIMEOUT_S)
        except TimeoutError:
            self.log.warning("no answer to a commit in %s s", COMMIT_TIMEOUT_S)
            return False

    def _submit(self, poller: Poller, marks: list[TopicPartition]) -> None:
        def commit(client: Client) -> None:
            try:
                client.commit(offsets=marks, asynchronous=True)
            except KafkaException as error:
                self.committed(error, marks)

        poller.submit(commit)

    @Service.task
    async def _tell_held(self) -> None:
        """Commit again, now and then, where it stands; never what a commit under way has passed."""
        busy: Busy = getattr(self.app, "busy", lambda _: False)
        async for _ in self.itertimer(SAID_S, name="held"):
            poller = self._poller
            marks = self._held.marks(self._delivered, self._committed_offset, busy)
            if poller is None or poller.lost or poller.rebalancing or self._commits:
                continue
            if marks:
                self._submit(poller, marks)

    def committed(self, error: Exception | None, offsets: Iterable[TopicPartition]) -> None:
        """Pass the broker's answer on to who waits for it."""
        done = error is None and not any(p.error for p in offsets)
        if not done:
            self.log.warning("a commit was refused: %r", error)
        self.loop.call_soon_threadsafe(self._answer, _name(offsets), done)

    def _answer(self, name: frozenset[tuple[str, int, int]], done: bool) -> None:
        for future in self._commits.pop(name, ()):
            if not future.done():
                future.set_result(done)

    # -- the end

    async def on_stop(self) -> None:
        """Commit what is acknowledged, leave the group, wait for the thread."""
        await super().on_stop()
        self.close()
        if self._poller is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._poller.join, 10)

    def close(self) -> None:
        """Leave the group."""
        if self._poller is not None:
            self._poller.halt()

    # -- what Faust asks for tables, seeks and topic creation, which are not here

    async def perform_seek(self) -> None:
        """Nothing: an assignment starts at the committed offsets."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Nothing: an assignment starts at the committed offsets."""
        return {}

    def topic_partitions(self, topic: str) -> int | None:
        """Unknown; only tables ask."""
        return None

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def _unsupported(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("the rdkafka transport has no tables, seeks or topic creation")

    create_topic = _getmany = _seek = position = seek_wait = _unsupported
    earliest_offsets = highwater = highwaters = key_partition = _unsupported


def _name(offsets: Iterable[TopicPartition]) -> frozenset[tuple[str, int, int]]:
    return frozenset((p.topic, p.partition, p.offset) for p in offsets)
