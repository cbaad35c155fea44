"""The job as a decider behind the real runner: Faust on our transport, batches of records.

It writes back into the topic it reads, keeps nothing that the log does not hold, and acknowledges
an input after the delivery of its count.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.systems.job import COUNTED_ID, PAID_ID, Meter, Order, order, prefix, warm
from processors.decisions import Deciding
from processors.runner import Runner
from processors.shell import Membership, Shell
from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.ids import ProcessorName
from streams.io.compiled import compile_for
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.topics import Topic

LOOK_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The input."""

    account: str
    number: int
    at_ms: int
    kind: str
    amount: float
    currency: str
    merchant: str
    country: str
    city: str
    online: bool
    terminal: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is decided of it: the payment with its count."""

    account: str
    number: int
    at_ms: int
    kind: str
    amount: float
    currency: str
    merchant: str
    country: str
    city: str
    online: bool
    terminal: str
    note: str
    count: int


class JobCodec:
    """The product's compiled readers and writers, for the job's two events."""

    def __init__(self) -> None:
        kinds = ((PAID_ID, Paid), (COUNTED_ID, Counted))
        compiled = [(prefix(number), kind, compile_for(kind)) for number, kind in kinds]
        self._writes = {kind: (start, made.write) for start, kind, made in compiled}
        self._reads = {start: (kind, made.read) for start, kind, made in compiled}

    def encode(self, event: Any) -> bytes:
        """Write an event."""
        start, write = self._writes[type(event)]
        return start + write(event)

    def kind_of(self, value: bytes | None) -> type | None:
        """Return the class of an encoded event."""
        return self._reads[(value or b"")[:5]][0]

    def decode(self, value: bytes) -> Any:
        """Read an event."""
        return self._reads[value[:5]][1](value)

    def part(self, names: tuple[str, ...]) -> Callable[[bytes], Any]:
        """Read it all: nothing here is long."""
        return self.decode

    def ce_type(self, kind: type) -> str:
        """Return a CloudEvents type."""
        return f"benchmark.{kind.__name__}.v1"


def decider(topic: str, arrived: Callable[[], None]) -> Decider[int, Paid, Counted, None]:
    """Return the decider; `arrived` is told of every input."""

    def decide(state: int, cause: Envelope[Paid], _: None) -> tuple[Counted, ...]:
        arrived()
        return (_counted(cause.event, state + 1),)

    return Decider(
        name=ProcessorName("counter"),
        version=1,
        topic=Topic(name=topic, key="account"),
        reads=(Paid,),
        writes=(Counted,),
        initial=0,
        decide=decide,
        evolve=lambda _, event: event.count,
        grid=NO_GRID,
    )


def _counted(paid: Paid, count: int) -> Counted:
    return Counted(
        account=paid.account,
        number=paid.number,
        at_ms=paid.at_ms,
        kind=paid.kind,
        amount=paid.amount,
        currency=paid.currency,
        merchant=paid.merchant,
        country=paid.country,
        city=paid.city,
        online=paid.online,
        terminal=paid.terminal,
        note=paid.note,
        count=count,
    )


async def main(asked: Order) -> None:
    """Count until everything is counted."""
    meter, folder = Meter(asked.events), Path(asked.folder)
    log = KafkaLog(asked.bootstrap, PROCESSOR)
    wire = Wire(JobCodec(), DirectoryStore(folder / "objects"))
    snapshots = SnapshotFolder(folder / "snapshots")
    part = Deciding(decider(asked.source, meter.count), wire, snapshots)
    runner = Runner(asked.source, log, wire, [part], snapshots)
    membership = Membership(asked.group, f"rdkafka://{asked.bootstrap}?events=batch")
    shell, stop = Shell(membership, [runner], log, folder), asyncio.Event()
    working = asyncio.create_task(shell.run(stop))
    await _delivered(runner, asked.total - asked.events)
    warm()
    await _delivered(runner, asked.total)
    meter.done()
    stop.set()
    await working


async def _delivered(runner: Runner, count: int) -> None:
    while runner.tally.appended < count or runner.in_flight:
        if runner.failure is not None:
            raise runner.failure
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    asyncio.run(main(order()))
