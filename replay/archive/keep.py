"""Keep: seals what has waited long enough, proves it all now and then, and trims only if asked to.

Whatever is away or wrong is told and met again at the next turn: the log is whole meanwhile, for
nothing is trimmed that was not proven just before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from replay.archive.audit import Auditor, Fault
from replay.archive.seal import Sealer
from replay.archive.seen import SeenFile
from replay.archive.trim import Trimmer, Trimming
from streams.errors import AetherError, Fatal
from streams.io.archive.chains import Place
from streams.io.objects import ObjectStore
from streams.log import EventLog

#: A chain that was not sound is checked again this soon: somebody mends it.
FAULTY_EVERY_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How long a record, or how many of them, wait to be sealed; how often all is proven.

    With `trim_older_ms` the log loses what is sealed, proven and older; with None it loses nothing.
    """

    seal_after_ms: int
    seal_records: int
    verify_every_ms: int
    trim_older_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class Standing:
    """How the archive is: records sealed, open and in the archive alone; what is wrong with it.

    `verified_ms` is when all of it was last found whole, None for never.
    """

    at_ms: int = 0
    sealed: int = 0
    open: int = 0
    trimmed: int = 0
    verified_ms: int | None = None
    trims: bool = False
    troubles: list[str] = field(default_factory=list)


class Keeper:
    """Takes care of the archive of some topics, a turn at a time; several may, side by side.

    A turn ends early once `halted()`.
    """

    def __init__(
        self,
        sealer: Sealer,
        log: EventLog,
        store: ObjectStore,
        trimming: Trimming,
        seen: SeenFile,
        rhythm: Rhythm,
        halted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._log = log
        self._store = store
        self._sealer = sealer
        self._trimming = trimming
        self._seen = seen
        self._rhythm = rhythm
        self._halted = halted
        self._waiting: dict[Place, tuple[int, int]] = {}  # the first open record, and its time
        self._faults: tuple[int, list[str]] = (0, [])  # when they were found

    def turn(self, topics: Sequence[str], known: Standing, now_ms: int) -> Standing:
        """Do what is due, and return how the archive is then."""
        trims = self._rhythm.trim_older_ms is not None
        now = Standing(at_ms=now_ms, verified_ms=known.verified_ms, trims=trims)
        with _told(now, AetherError):
            for place in self._places(topics):
                with _told(now, Fatal):  # of one partition; what is away is away for all
                    self._seal(place, now_ms)
            self._prove(topics, now)
            self._trim(topics, now)
        with _told(now, AetherError):
            self._count(topics, now)
        return now

    def _places(self, topics: Sequence[str]) -> Iterator[Place]:
        self._sealer.chains.refresh()
        for topic in topics:
            for partition in range(self._log.partitions(topic)):
                yield Place(topic, self._log.identity(topic), partition)

    def _seal(self, place: Place, now_ms: int) -> None:
        if not self._halted() and self._due(place, now_ms):
            for sealed in self._sealer.seal(place.topic, place.partition):
                self._seen.add([sealed])
                if self._halted():
                    return

    def _due(self, place: Place, now_ms: int) -> bool:
        """Whether enough records of a partition are open, or one of them for long enough."""
        chain, span = self._sealer.chains.of(place), self._log.span(place.topic, place.partition)
        start = chain.head.end if chain.head else 0
        if span.first > start or span.end < start:
            return True  # something is wrong: sealing says what
        if start == span.end:
            return False
        if self._waiting.get(place, (-1, 0))[0] != start:
            batches = self._log.read(place.topic, place.partition, start, start + 1)
            times = [record.timestamp_ms for batch in batches for record in batch]
            self._waiting[place] = (start, times[0] if times else now_ms)
        rhythm, (_, since_ms) = self._rhythm, self._waiting[place]
        return span.end - start >= rhythm.seal_records or now_ms - since_ms >= rhythm.seal_after_ms

    def _prove(self, topics: Sequence[str], now: Standing) -> None:
        """Check every chain if that is due; faults are told until a later check finds none."""
        found_ms, faults = self._faults
        last_ms, every_ms = now.verified_ms, self._rhythm.verify_every_ms
        if faults:
            last_ms, every_ms = found_ms, min(every_ms, FAULTY_EVERY_MS)
        if not self._halted() and (last_ms is None or now.at_ms - last_ms >= every_ms):
            audited = self._auditor().audit(self._sealer.chains, tuple(topics))
            faults = [_text(fault) for each in audited for fault in each.faults]
            self._faults = now.at_ms, faults
            now.verified_ms = now.verified_ms if faults else now.at_ms
        now.troubles += faults

    def _trim(self, topics: Sequence[str], now: Standing) -> None:
        if self._rhythm.trim_older_ms is None or now.troubles or self._halted():
            return
        trimmer = Trimmer(self._log, self._sealer.chains, self._auditor(), self._trimming)
        before_ms = now.at_ms - self._rhythm.trim_older_ms
        for topic in topics:  # to prove a chain reads all of it: only if there is something to gain
            if any(each.until > each.first for each in trimmer.candidates(topic, before_ms)):
                for planned in list(trimmer.plan(topic, before_ms)):
                    trimmer.trim(planned)

    def _count(self, topics: Sequence[str], now: Standing) -> None:
        for place in self._places(topics):
            chain, span = (
                self._sealer.chains.of(place),
                self._log.span(place.topic, place.partition),
            )
            end = chain.head.end if chain.head else 0
            now.sealed += sum(segment.records for segment in chain.segments)
            now.open += span.end - max(end, span.first)
            now.trimmed += min(end, span.first)

    def _auditor(self) -> Auditor:
        return Auditor(self._log, self._store, self._seen.read())


def _text(fault: Fault) -> str:
    return f"{fault.topic}/{fault.partition} {fault.first} to {fault.end - 1}: {fault.wrong}"


@contextmanager
def _told(now: Standing, kind: type[AetherError]) -> Iterator[None]:
    """Take note of what is away or wrong, once."""
    try:
        yield
    except kind as error:
        if str(error) not in now.troubles:
            now.troubles.append(str(error))
