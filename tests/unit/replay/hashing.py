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

from replay.rebuild import Rebuilder, Rebuilt
from streams.envelope import Decision, origin_of
from streams.errors import Poison
from streams.io.memory_log import MemoryLog
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import Standing
from streams.log import Record
from tests.unit.processors.crash_world import World, make_runner
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


def rebuilt(made: World, size: int, folder: Path) -> list[Rebuilt]:
    """Fold one history, beside what its snapshots and the log behind them come to."""
    positions = {(str(d.name), d.topic.name, 0): made.end() for d in DECIDERS}
    fresh = SnapshotFolder(folder / "fresh")
    rebuilder = Rebuilder(Sliced(made, size), made.wire, made.snapshots, fresh, positions)
    return list(rebuilder.rebuild(DECIDERS))


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


def digest(seeds: range, folder: Path) -> str:
    """Return one hash for many histories."""
    hashed = hashlib.sha256()
    for seed in seeds:
        for one in rebuilt(history(seed, folder), 1_000, folder / str(seed)):
            hashed.update(f"{seed} {one.decider} {one.after}\n".encode())
    return hashed.hexdigest()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(digest(range(*map(int, sys.argv[1:])), Path(place)))
