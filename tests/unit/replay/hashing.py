"""Folds generated histories in another way each time; as a program, prints their hashes' hash.

Every history was written through kills, freezes and lost deliveries; for `test_hash_equality`.
"""

import asyncio
import hashlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

from replay.archive.seal import Limits, Sealer
from replay.rebuild import Rebuilder, Rebuilt
from streams.envelope import Decision, origin_of
from streams.errors import Poison
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects import address_of
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import Standing
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import ARCHIVE
from tests.fakes import NumberedRegistry
from tests.unit.processors.crash_world import World, make_runner
from tests.unit.processors.toy_events import TOPIC
from tests.unit.processors.toy_parts import ADDER, COUNTER

DECIDERS = (COUNTER, ADDER)


def history(seed: int, folder: Path) -> World:
    """Return a world at its end; its workers left snapshots behind."""
    made = World(seed, folder / str(seed), make_runner)
    asyncio.run(made.run(crashes=seed % 5))
    return made


class Sliced(MemoryLog):
    """A log that gives its records in batches of another size."""

    def __init__(self, made: World, size: int) -> None:
        super().__init__(made.broker)
        self._size = size

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        """Yield a range, sliced."""
        records = [r for batch in super().read(topic, partition, start, end) for r in batch]
        for at in range(0, len(records), self._size):
            yield records[at : at + self._size]


def rebuilt(made: World, log: EventLog, folder: Path) -> list[Rebuilt]:
    """Fold one history, beside what its snapshots and the log behind them come to."""
    positions = {(str(d.name), d.topic.name, 0): made.end() for d in DECIDERS}
    fresh = SnapshotFolder(folder / "fresh")
    rebuilder = Rebuilder(log, made.wire, made.snapshots, fresh, positions)
    return list(rebuilder.rebuild(DECIDERS))


class Shelves:
    """An object store in memory: to sync files took most of the time."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """Keep it."""
        self._kept[address_of(content)] = content
        return address_of(content)

    def get(self, address: str) -> bytes:
        """Return it."""
        return self._kept[address]


def archived(made: World, chance: Random) -> ArchivedLog:
    """Return one history of which a part, or all, lies in the archive alone."""
    codec, store = Codec(NumberedRegistry()), Shelves()
    codec.learn(ARCHIVE, register=True)
    broker = MemoryBroker({**made.broker.topics, ARCHIVE.name: 1})
    broker.records.update({at: list(records) for at, records in made.broker.records.items()})
    live, wire = MemoryLog(broker), Wire(codec, store)
    sealer = Sealer(live, wire, store, Limits(records=chance.randint(15, 60)))
    ends = [segment.end for segment in sealer.seal(TOPIC.name, 0)]
    broker.truncate(TOPIC.name, 0, chance.choice(ends))
    return ArchivedLog(live, wire, store)


def interleaved(partitions: Sequence[World], workers: int, chance: Random) -> list[list[str]]:
    """Fold histories as partitions dealt to so many workers, each in an order of its own."""
    hands = [range(at, len(partitions), workers) for at in range(workers)]
    orders = [
        _shuffled([n for n in hand for _ in partitions[n].records()], chance) for hand in hands
    ]
    with ThreadPoolExecutor(workers) as pool:
        found = [pool.submit(_fold, partitions, order) for order in orders]
        by_partition = {n: hashes for each in found for n, hashes in each.result().items()}
    return [by_partition[n] for n in range(len(partitions))]


def _shuffled(places: list[int], chance: Random) -> list[int]:
    chance.shuffle(places)
    return places


def _fold(partitions: Sequence[World], order: list[int]) -> dict[int, list[str]]:
    standings = {
        n: [Standing(decider, partitions[n].wire, Snapshot(0, [])) for decider in DECIDERS]
        for n in sorted(set(order))
    }
    reading = {n: iter(partitions[n].records()) for n in standings}
    for n in order:
        record = next(reading[n])
        with suppress(Poison):
            envelope = partitions[n].wire.open(record)
            origin = origin_of(envelope.head, envelope.offset)
            for standing in standings[n]:
                if isinstance(envelope.event, standing.decider.grid.reads):
                    standing.learn(envelope.event)
                if isinstance(origin, Decision) and origin.processor == standing.decider.name:
                    standing.ledger.recall(envelope.key, origin.cause, envelope.event)
    return {n: [standing.hash() for standing in found] for n, found in standings.items()}


def _whole(made: World, folder: Path) -> list[Rebuilt]:
    return rebuilt(made, Sliced(made, 1_000), folder)


def digest(seeds: range, folder: Path) -> str:
    """Return one hash for many histories."""
    hashed = hashlib.sha256()
    for seed in seeds:
        for one in _whole(history(seed, folder), folder / str(seed)):
            hashed.update(f"{seed} {one.decider} {one.after}\n".encode())
    return hashed.hexdigest()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(digest(range(*map(int, sys.argv[1:])), Path(place)))
