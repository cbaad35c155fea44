"""The one loop: it reads a topic for every processor of this process, and loses nothing.

An input is acknowledged only after the delivery of everything made from it, in input order; what
was in flight at a rebalance is dropped and read again by the partition's next owner.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from processors.batch import Batch, Filling, Tally
from processors.line import Act, Entry
from processors.parts import Assignment, Part, Task, Work, Write
from processors.patience import Offload, all_of, at_once, patiently
from processors.room import Room
from processors.tenure import Tenure
from streams.dead_letters import dead_letter
from streams.envelope import Envelope, origin_of, place
from streams.errors import AetherError, DeliveryFailed, Fatal, Poison, Transient
from streams.ids import ProcessorName
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.log import Draft, EventLog, Record

logger = logging.getLogger(__name__)

INTAKE = ProcessorName("intake")  # parks what no processor could read
IN_FLIGHT_MAX = 20_000
SNAPSHOT_EVERY = 50_000
#: How long to wait for room in the log's client.
FULL_S = 0.005


class Runner:
    """Drives all parts that read one topic in this process."""

    def __init__(
        self,
        topic: str,
        log: EventLog,
        wire: Wire,
        parts: Sequence[Part],
        snapshots: SnapshotFolder,
        *,
        snapshot_every: int = SNAPSHOT_EVERY,
        offload: Offload = asyncio.to_thread,
    ) -> None:
        self.topic = topic
        self.failure: AetherError | None = None
        self.failed = asyncio.Event()
        self._log = log
        self._wire = wire
        self._parts = parts
        self._snapshots = snapshots
        self._snapshot_every = snapshot_every
        self._offload = offload
        self._reads = frozenset[type]().union(*(part.reads for part in parts))
        self._tenures: dict[int, Tenure] = {}
        self._resets = 0
        self._read = self._repeated = self._parked = self._appended = self._recalled = 0
        self._kinds: dict[bytes, type | None] = {}  # by schema id; None concerns nobody here
        self._flying = Room(IN_FLIGHT_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._gathered: list[Draft] | None = None  # appended together before the next wait

    # -- what the group's consumer calls

    def wants(self, value: bytes | None) -> bool:
        """Say cheaply whether a record may concern anyone here; its headers need not be read."""
        return value is None or self._kinds.get(value[:5], object) is not None

    async def take(self, batch: Batch, filled: Filling | None = None) -> None:
        """Work on a batch once it is `filled`; acknowledged later. Never raises: see `failure`."""
        await self._guarded(partial(self._take, batch, filled))

    async def release(self, grace_s: float) -> None:
        """Before partitions are taken away: finish what is in flight, within `grace_s`."""
        tenures = list(self._tenures.values())
        drained = asyncio.gather(*(tenure.line.drained() for tenure in tenures))
        try:
            await asyncio.wait_for(drained, grace_s)
        except TimeoutError:
            logger.warning("in flight at a rebalance; its next owner reads it again")
            return
        for tenure in tenures if self.failure is None else ():
            await self._offload(tenure.snapshot())

    def reset(self) -> None:
        """After partitions were taken away: forget them."""
        tenures, self._tenures = self._tenures, {}
        self._resets += 1
        for tenure in tenures.values():
            tenure.close()

    @property
    def tally(self) -> Tally:
        """What was done since the process began."""
        return Tally(self._read, self._repeated, self._parked, self._appended, self._recalled)

    @property
    def in_flight(self) -> int:
        """How many records are appended and not yet delivered."""
        return self._flying.inside

    def busy(self, partition: int) -> bool:
        """Whether the world is asked for something read from a partition."""
        return partition in self._tenures and self._tenures[partition].busy

    # -- what posts ask for (Desk)

    def open(self, record: Record) -> Envelope[Any]:
        """Decode a record."""
        return self._wire.open(record)

    def append(self, write: Write, entry: Entry) -> Awaitable[None] | None:
        """Append, or return what must be awaited first because the world is away."""
        try:
            drafts = write()
        except Transient:
            return self._append_patiently(write, entry)
        if self._gathered is not None:
            self._gathered += drafts
            full = self._flying.inside + len(self._gathered) >= IN_FLIGHT_MAX
            return self._flying.available() if full else None
        sent = self._send(drafts, entry)
        if sent < len(drafts):
            return self._append_patiently(lambda: drafts[sent:], entry)
        return None if self._flying.free else self._flying.available()

    async def park(
        self, record: Record, processor: ProcessorName, error: Exception, entry: Entry
    ) -> None:
        """Write a dead letter and wait for its delivery: a later decision would hide it."""
        logger.warning("parked", extra={"place": place(record), "error": str(error)})
        self._parked += 1
        letter, landed = dead_letter(record, processor, error), asyncio.Event()
        await self._append_patiently(lambda: [letter], entry, landed.set)
        await landed.wait()

    def told(self, error: Transient) -> None:
        """Say that something is away."""
        logger.warning("waiting", extra={"error": str(error), "topic": self.topic})

    def spawn(self, work: Work) -> Task:
        """Run `work()` beside the reading."""
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- the loop

    async def _take(self, batch: Batch, filled: Filling | None) -> None:
        resets = self._resets
        batch = await filled(batch) if filled else batch
        tenure = await self._tenure(batch, resets)
        if tenure is None:
            return  # not acknowledged: the partition's owner reads it again
        entry = tenure.line.enter(batch.acknowledge)
        self._read += len(batch.records)
        self._gathered = []
        for record in batch.records:
            pause = self._handle(tenure, record, entry)
            if pause is None:
                continue
            await self._append_gathered(entry)
            await pause
            if tenure.line.closed or self.failure is not None:
                return
            self._gathered = []
        await self._append_gathered(entry)
        if tenure.line.closed or self.failure is not None:
            return
        if tenure.advance(batch.position) >= self._snapshot_every:
            entry.then(partial(self.spawn, partial(self._offload, tenure.snapshot())))
        entry.release()

    def _handle(self, tenure: Tenure, record: Record, entry: Entry) -> Awaitable[None] | None:
        """Hand one record to every part that reads it; wait only where one says so."""
        try:
            kind = self._kinds.get((record.value or b"")[:5]) or self._kind(record)
            if kind is None:
                return None
            cause = self._wire.open(record)
            if tenure.marks.repeats(origin_of(cause.head, cause.offset), cause.key):
                self._repeated += 1
                return None
        except Transient:
            return self._handle_patiently(tenure, record, entry)
        except Poison as error:
            return self.park(record, INTAKE, error, entry)
        pauses = None
        for post in tenure.readers(kind):
            pause = post.handle(record, cause, entry)
            if pause is not None:
                pauses = [*(pauses or ()), pause]
        return None if pauses is None else all_of(pauses)

    async def _handle_patiently(self, tenure: Tenure, record: Record, entry: Entry) -> None:
        with suppress(Poison):  # it is met again below, and parked
            await patiently(lambda: self._offload(self._learn, record), told=self.told)
        pause = self._handle(tenure, record, entry)
        if pause is not None:
            await pause

    def _learn(self, record: Record) -> None:
        """Ask registry and object store for what the record needs. Runs in a thread."""
        if self._kind(record) is not None:
            self._wire.open(record)

    def _kind(self, record: Record) -> type | None:
        kind = self._wire.codec.kind_of(record.value)
        known = self._kinds[(record.value or b"")[:5]] = kind if kind in self._reads else None
        return known

    async def _tenure(self, batch: Batch, resets: int) -> Tenure | None:
        held = self._tenures.get(batch.partition)
        if held is not None and held.generation == batch.generation:
            return held
        if held is not None:
            held.close()
        start = batch.records[0].offset if batch.records else batch.position
        opened: Tenure = await patiently(
            lambda: self._offload(self._restore, batch.generation, batch.partition, start),
            told=self.told,
        )
        if resets != self._resets:  # taken away meanwhile
            opened.close()
            return None
        self._tenures[batch.partition] = opened
        return opened

    def _restore(self, generation: int, partition: int, start: int) -> Tenure:
        """Open a post per part and show each what it must know of the past. Runs in a thread."""
        span, identity = self._log.span(self.topic, partition), self._log.identity(self.topic)
        assignment = Assignment(self.topic, identity, partition, start, span)
        posts = [(part, part.begin(self, assignment)) for part in self._parts]
        tenure = Tenure(generation, assignment, posts, self._snapshots)
        for records in self._log.read(self.topic, partition, tenure.since, span.end):
            self._recalled += len(records)
            for record in records:
                with suppress(Poison):  # it was, or will be, parked when it is handled
                    tenure.recall(record, self._wire.codec.kind_of(record.value))
        return tenure

    # -- appending

    def _send(self, drafts: Sequence[Draft], entry: Entry, landed: Act | None = None) -> int:
        """Append as many as there is room for, each under a hold of its own."""

        def delivered(error: DeliveryFailed | None) -> None:
            self._flying.leave()
            if error is not None:
                self._fail(error)
                return
            entry.release()
            if landed is not None:
                landed()

        sent = self._log.append(drafts, delivered)
        entry.hold(sent)
        self._flying.enter(sent)
        self._appended += sent
        return sent

    async def _append_gathered(self, entry: Entry) -> None:
        """Append what the last records led to: in one go, librdkafka sends far fewer requests."""
        drafts, self._gathered = self._gathered, None
        if drafts and (sent := self._send(drafts, entry)) < len(drafts):
            await self._append_patiently(lambda: drafts[sent:], entry)

    async def _append_patiently(
        self, write: Write, entry: Entry, landed: Act | None = None
    ) -> None:
        drafts = await patiently(partial(at_once, write), told=self.told)
        while drafts:
            sent = await patiently(partial(at_once, self._send, drafts, entry, landed))
            drafts = drafts[sent:]
            await (self._flying.available() if sent else asyncio.sleep(FULL_S))

    # -- failing

    async def _guarded(self, work: Work) -> None:
        """The only place that catches everything: what nobody foresaw must not be acknowledged."""
        try:
            await work()
        except AetherError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001
            self._fail(Fatal(f"{type(error).__name__}: {error}"), error)

    def _fail(self, error: AetherError, cause: Exception | None = None) -> None:
        if self.failure is None:
            self.failure = error
            logger.critical("stopping", extra={"error": str(error)}, exc_info=cause or error)
            self.failed.set()
            self.reset()
