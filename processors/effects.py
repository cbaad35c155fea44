"""Effects: stateless workers that touch the world and append what came of it.

One key's requests are worked on in order, different keys side by side up to a width. A request
whose outcome is in the log is not worked on again; of two outcomes readers take the first.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from processors.line import Entry
from processors.parts import Assignment, Desk, Task
from processors.patience import patiently
from processors.room import Room
from streams.effects import EffectClass
from streams.envelope import CAUSATION, Envelope, Head, Origin, author_of
from streams.errors import Fatal, Poison, Transient
from streams.ids import ProcessorName
from streams.io.wire import Author
from streams.log import Record
from streams.topics import Topic


class Effect(Protocol):
    """Work outside the log.

    `batch_max` requests of one key may be worked on at once. `patience_s` is how long a world
    that is away is asked again; None means for ever, which holds the key's later requests. The
    outcome of a request follows from its fields in `depends_on`, from all of them if none is named;
    what `safety` says of repeating it holds after a crash and in a replay.
    """

    name: ProcessorName
    version: int
    topic: Topic
    reads: tuple[type, ...]
    writes: tuple[type, ...]
    depends_on: tuple[str, ...]
    safety: EffectClass
    batch_max: int
    patience_s: float | None

    async def perform(self, causes: Sequence[Envelope[Any]]) -> Sequence[Any]:
        """Return one outcome per request, in order. Raises Transient and Poison.

        None is no outcome: nothing is to be said, and it costs nothing to find that out again.
        """

    @staticmethod
    def give_up(cause: Envelope[Any], error: Transient) -> Any:
        """Return the outcome of a request that found the world away for too long."""


class Waits:
    """What an effect that nobody waits for inherits: it asks a world that is away for ever."""

    depends_on: tuple[str, ...] = ()
    safety = EffectClass.REPEATABLE
    batch_max = 1
    patience_s: float | None = None

    @staticmethod
    def give_up(cause: Envelope[Any], error: Transient) -> Any:
        """Never."""
        raise Fatal(f"the request {cause.event_id} was given up") from error


class Ended(NamedTuple):
    """What says that a run has ended, and the outcome of a request for which it did not wait."""

    by: tuple[type, ...]
    outcome: Callable[[Envelope[Any]], Any]


#: Every request is worked on, whatever became of its run.
NEVER = Ended((), lambda _: None)


class Performing:
    """The part of an effect, with its two bounds in this process.

    `width` calls are out at once; `backlog` requests wait or are in work, then reading pauses.
    What `takes` declines is somebody else's. Where runs may be `ended`, their requests are let go:
    what waits is not begun, and a call that is out is cancelled once nobody waits for its batch.
    """

    def __init__(
        self,
        effect: Effect,
        author: Author,
        width: int = 64,
        backlog: int = 2_000,
        takes: Callable[[Any], bool] = lambda _: True,
        ended: Ended = NEVER,
    ) -> None:
        self.effect = effect
        self.author = author
        self.takes = takes
        self.ended = ended
        self.width = asyncio.Semaphore(width)
        self.backlog = Room(backlog)

    @property
    def name(self) -> ProcessorName:
        """The effect's name."""
        return self.effect.name

    @property
    def reads(self) -> frozenset[type]:
        """The effect's requests, and what lets them go."""
        return frozenset((*self.effect.reads, *self.ended.by))

    @property
    def recalls(self) -> frozenset[type]:
        """The effect's outcomes: what has one is done."""
        return frozenset(self.effect.writes)

    def begin(self, desk: Desk, assignment: Assignment) -> "PerformingPost":
        """Open a post; what lies before the first input was done."""
        return PerformingPost(self, desk, assignment)


class Request(NamedTuple):
    """One request on its way."""

    record: Record
    cause: Envelope[Any]
    entry: Entry


class PerformingPost:
    """An effect at work on one partition: a lane per key."""

    def __init__(self, part: Performing, desk: Desk, assignment: Assignment) -> None:
        self.since = assignment.start
        self._part = part
        self._desk = desk
        self._answered: set[str] = set()
        self._lanes: dict[str, deque[Request]] = {}
        self._tasks: dict[str, Task] = {}
        self._out: dict[str, list[Envelope[Any]]] = {}  # by key, what the world is asked for
        self._over: set[str] = set()  # requests for which nobody waits
        self._held = 0
        self._asking = 0

    @property
    def busy(self) -> bool:
        """Whether the world is being asked; one that is away and waited for is not."""
        return self._asking > 0

    def recall(self, record: Record, kind: type, head: Head, origin: Origin) -> None:
        """Remember which requests were answered."""
        cause = head.get(CAUSATION)
        if cause is not None and author_of(head) == self._part.name:
            self._answered.add(cause.decode(errors="replace"))

    def handle(self, record: Record, cause: Envelope[Any], entry: Entry) -> Awaitable[None] | None:
        """Put a request on its key's lane; while the backlog is full, reading waits."""
        if isinstance(cause.event, self._part.ended.by):
            self._let_go(cause)
            return None
        if not self._part.takes(cause.event):
            return None
        if cause.event_id in self._answered:
            self._answered.discard(cause.event_id)
            return None
        entry.hold()
        self._held += 1
        self._part.backlog.enter()
        self._enqueue(Request(record, cause, entry))
        return None if self._part.backlog.free else self._part.backlog.available()

    def snapshot(self, position: int) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Cancel what is in work; it was not acknowledged and its next owner does it."""
        for task in self._tasks.values():
            task.cancel()
        self._part.backlog.leave(self._held)
        self._held = 0
        self._lanes.clear()
        self._tasks.clear()
        self._over.clear()

    def _let_go(self, end: Envelope[Any]) -> None:
        """Answer the requests of a run that has ended, whether the world was asked or not."""
        out = self._out.get(end.key, [])
        waiting = [request.cause for request in self._lanes.get(end.key, ())]
        self._over |= {each.event_id for each in (*out, *waiting) if each.run_id == end.run_id}
        if out and self._unawaited(out):
            self._tasks[end.key].cancel()

    def _unawaited(self, causes: list[Envelope[Any]]) -> bool:
        return all(cause.event_id in self._over for cause in causes)

    def _enqueue(self, request: Request) -> None:
        key = request.cause.key
        if key in self._lanes:
            self._lanes[key].append(request)
            return
        lane = self._lanes[key] = deque([request])
        self._tasks[key] = self._desk.spawn(partial(self._work, key, lane))

    async def _work(self, key: str, lane: deque[Request]) -> None:
        while lane:
            batch = [lane.popleft() for _ in range(min(len(lane), self._part.effect.batch_max))]
            await self._answer(batch)
        del self._lanes[key], self._tasks[key]

    async def _answer(self, batch: list[Request]) -> None:
        try:
            outcomes = await self._perform([request.cause for request in batch])
        except Poison as error:
            if len(batch) > 1:  # one of them is bad: find it alone
                for request in batch:
                    await self._answer([request])
                return
            only = batch[0]
            await self._desk.park(only.record, self._part.name, error, only.entry)
            self._done(only)
            return
        for request, outcome in zip(batch, outcomes, strict=True):
            if outcome is not None:
                await self._append(request, outcome)
            self._done(request)

    async def _perform(self, causes: list[Envelope[Any]]) -> Sequence[Any]:
        if self._unawaited(causes):
            return self._unheard(causes)
        key = causes[0].key
        self._out[key] = causes
        try:
            return await self._patiently(causes)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not self._unawaited(causes):
                raise  # all is given up
            task.uncancel()
            return self._unheard(causes)
        finally:
            del self._out[key]

    async def _patiently(self, causes: list[Envelope[Any]]) -> Sequence[Any]:
        effect = self._part.effect
        async with self._part.width:
            try:
                return await patiently(
                    lambda: self._ask(causes), limit_s=effect.patience_s, told=self._desk.told
                )
            except Transient as error:
                return [effect.give_up(cause, error) for cause in causes]

    def _unheard(self, causes: list[Envelope[Any]]) -> Sequence[Any]:
        return [self._part.ended.outcome(cause) for cause in causes]

    async def _ask(self, causes: list[Envelope[Any]]) -> Sequence[Any]:
        self._asking += 1
        try:
            return await self._part.effect.perform(causes)
        finally:
            self._asking -= 1

    async def _append(self, request: Request, outcome: Any) -> None:
        author = self._part.author
        pause = self._desk.append(lambda: [author.outcome(request.cause, outcome)], request.entry)
        if pause is not None:
            await pause

    def _done(self, request: Request) -> None:
        self._held -= 1
        self._over.discard(request.cause.event_id)
        self._part.backlog.leave()
        request.entry.release()
