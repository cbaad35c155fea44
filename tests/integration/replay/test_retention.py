"""Retention of a second on a real broker, over a real object store that goes away for a while.

Generated histories are appended meanwhile, one a partition. Nothing is trimmed that is not proven,
no reader misses or doubles a record, and every state is the one that the whole log folds to.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from engines.install import Installed
from engines.ports import free_port
from replay.archive.keep import Keeper, Rhythm, Standing
from replay.archive.seal import Limits, Sealer
from replay.archive.seen import SeenFile
from replay.rebuild import Rebuilder
from streams.io.archive.chains import Chains, Place
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.kafka.trimming import KafkaTrimming
from streams.io.objects.s3 import S3Store
from streams.io.snapshots import SnapshotFolder
from streams.io.standing import AnyDecider
from streams.io.wire import Wire
from streams.log import Draft, Follower, Record
from streams.topics import ARCHIVE, Topic
from tests.contract.s3_server import ACCESS, BUCKET, SECRET, S3Server, s3_running
from tests.engines_fixtures import kafka_running
from tests.fakes import NumberedRegistry
from tests.unit.processors.crash_world import World
from tests.unit.replay.hashing import DECIDERS, Sliced, history, rebuilt

pytestmark = pytest.mark.integration

HISTORIES = 8
KEEP_MS = 1_000
WITHIN_S = 120.0


class Retained:
    """A topic of histories, its archive, and who keeps it."""

    def __init__(self, bootstrap: str, folder: Path, server: S3Server) -> None:
        self.topic = Topic(name=f"histories-{uuid.uuid4().hex[:8]}", key="k", partitions=HISTORIES)
        create_topics(bootstrap, {}, topics=[self.topic, ARCHIVE])
        codec = Codec(NumberedRegistry())
        codec.learn(ARCHIVE, register=True)
        self.folder = folder / self.topic.name
        self.log = KafkaLog(bootstrap, PROCESSOR)
        self.store = S3Store.at(server.endpoint, BUCKET, ACCESS, SECRET, secure=False)
        self.wire = Wire(codec, self.store)
        sealer = Sealer(self.log, self.wire, self.store, Limits(records=60))
        rhythm = Rhythm(
            seal_after_ms=1, seal_records=1, verify_every_ms=10**9, trim_older_ms=KEEP_MS
        )
        trimming, seen = KafkaTrimming(bootstrap, {}), SeenFile(self.folder / "seen.json")
        self.keeper = Keeper(sealer, self.log, self.store, trimming, seen, rhythm)
        self.standing = Standing()

    def write(self, worlds: Sequence[World], start: float, end: float) -> None:
        """Append a part of every history, each to its own partition."""
        drafts = [
            Draft(self.topic.name, n, record.key, record.value, record.headers)
            for n, world in enumerate(worlds)
            for record in world.records()[int(world.end() * start) : int(world.end() * end)]
        ]
        assert self.log.append(drafts, lambda error: None) == len(drafts)
        assert self.log.flush(WITHIN_S) == 0

    def turn(self) -> Standing:
        """Let the keeper work; afterwards the log begins nowhere behind what is sealed."""
        now_ms = int(time.time() * 1000)
        self.standing = self.keeper.turn([self.topic.name], self.standing, now_ms)
        chains = Chains(self.log, self.wire).refresh()
        for place in self.places():
            chain, first = chains.of(place), self.log.span(place.topic, place.partition).first
            ends = [0, *(segment.end for segment in chain.segments)]
            assert [segment.first for segment in chain.segments] == ends[:-1]
            assert first <= ends[-1]
            assert chain.strays == []
        return self.standing

    def until_trimmed(self, count: int) -> None:
        """Keep until so many records are in the archive alone."""
        deadline = time.monotonic() + WITHIN_S
        while self.turn().trimmed < count:
            assert time.monotonic() < deadline, self.standing

    def places(self) -> Iterator[Place]:
        """Yield every partition."""
        identity = self.log.identity(self.topic.name)
        yield from (Place(self.topic.name, identity, n) for n in range(HISTORIES))

    @property
    def whole(self) -> ArchivedLog:
        """The log as a reader opens it that knows nothing."""
        return ArchivedLog(self.log, self.wire, self.store)

    def hashes(self, worlds: Sequence[World]) -> dict[int, list[str]]:
        """Fold everything, which by now the archive has."""
        deciders: list[AnyDecider] = [replace(each, topic=self.topic) for each in DECIDERS]
        none, fresh = SnapshotFolder(self.folder / "none"), SnapshotFolder(self.folder / "fresh")
        names = [(str(each.name), self.topic.name) for each in deciders]
        ends = {(*name, n): world.end() for name in names for n, world in enumerate(worlds)}
        done = Rebuilder(self.whole, worlds[0].wire, none, fresh, ends).rebuild(deciders)
        found: dict[int, list[str]] = {}
        for one in done:
            found.setdefault(one.partition, []).append(one.after)
        return found


def same(found: Sequence[Record], worlds: Sequence[World]) -> bool:
    """Whether these are all records of all histories, each once and in order."""
    told: dict[int, list[Record]] = {n: [] for n in range(HISTORIES)}
    for record in found:
        told[record.partition].append(record)
    return all(
        [r.offset for r in told[n]] == list(range(world.end()))
        and [r[4:] for r in told[n]] == [r[4:] for r in world.records()]
        for n, world in enumerate(worlds)
    )


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    """The histories, as they were written in memory."""
    folder = tmp_path_factory.mktemp("worlds")
    return [history(seed, folder) for seed in range(HISTORIES)]


@pytest.fixture
def expected(worlds: Sequence[World], tmp_path: Path) -> dict[int, list[str]]:
    """The hashes of their states, as they are folded from memory."""
    return {
        n: [one.after for one in rebuilt(world, Sliced(world, 100), tmp_path / "memory" / str(n))]
        for n, world in enumerate(worlds)
    }


def test_retention_of_a_second_loses_nothing_while_the_store_comes_and_goes(
    installed: Installed, tmp_path: Path, worlds: Sequence[World], expected: dict[int, list[str]]
) -> None:
    port, shares = free_port(), [0.0, 0.3, 0.7, 1.0]
    parts = [sum(int(world.end() * share) for world in worlds) for share in shares]
    with ExitStack() as running:
        # No other chain may be in this log: whose store is not ours would be missing, rightly.
        bootstrap = running.enter_context(kafka_running(installed, tmp_path))
        with s3_running(tmp_path, port) as server:
            unsealed = Retained(bootstrap, tmp_path, server)
            running.callback(unsealed.log.close)
            unsealed.write(worlds, 0.0, 1.0)
            assert unsealed.hashes(worlds) == expected  # from the broker alone
            retained = Retained(bootstrap, tmp_path, server)
            running.callback(retained.log.close)
            starts = {(retained.topic.name, n): 0 for n in range(HISTORIES)}
            slow = retained.whole.follow(starts)
            running.callback(slow.close)
            retained.write(worlds, *shares[0:2])
            taken = taken_by(slow, 40)
            retained.until_trimmed(parts[1])
        retained.write(worlds, *shares[1:3])
        time.sleep(KEEP_MS / 1000)  # all of it is old enough to go
        away = retained.turn()
        assert (away.trimmed, away.open) == (parts[1], parts[2] - parts[1])
        assert len(away.troubles) == 1
        running.enter_context(s3_running(tmp_path, port))
        retained.until_trimmed(parts[2])
        retained.write(worlds, *shares[2:4])
        assert retained.hashes(worlds) == expected  # from archive and broker together
        retained.until_trimmed(parts[3])
        assert (retained.standing.open, retained.standing.troubles) == (0, [])
        taken += taken_by(slow, parts[3] - len(taken))
        assert same(taken, worlds)  # though every trim overtook it
        new = retained.whole.follow(starts)
        running.callback(new.close)
        assert same(taken_by(new, parts[3]), worlds)
        assert retained.hashes(worlds) == expected


def taken_by(follower: Follower, count: int) -> list[Record]:
    """Read on until there are so many, or a few more."""
    taken: list[Record] = []
    deadline = time.monotonic() + WITHIN_S
    while len(taken) < count:
        assert time.monotonic() < deadline, f"{len(taken)} of {count}"
        taken += follower.take(0.1)
    return taken
