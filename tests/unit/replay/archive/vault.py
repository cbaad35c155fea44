"""A log in memory with an archive behind it, for the tests of the archive."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from replay.archive.audit import Audited, Auditor, Fault
from replay.archive.seal import Limits, Sealer
from replay.archive.seen import SeenFile
from replay.archive.trim import Trim, Trimmer
from streams.events.archive import SegmentSealed
from streams.events.sessions import RunFailed
from streams.ids import EventId, RunId, derived
from streams.io.archive.chains import Chains, Place
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects import ObjectStore
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import CLAIM_MIN, Wire
from streams.log import Draft, EventLog, Record
from streams.topics import ARCHIVE, SESSIONS
from tests.fakes import NumberedRegistry

TOPIC = SESSIONS.name
PARTITIONS = 2
NEVER_MS = 2_000_000_000_000


class MemoryTrimming:
    """Cuts a memory broker's partitions."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.groups: dict[str, dict[int, int]] = {}

    def committed(self, topic: str, partitions: int) -> Mapping[str, Mapping[int, int]]:
        return self.groups

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        self.broker.truncate(topic, partition, offset)


class Vault:
    """A broker, a store in a folder, and everything that works on them."""

    def __init__(self, folder: Path, *, seed: int = 0, records: int = 10) -> None:
        self.chance = random.Random(seed)
        self.broker = MemoryBroker({TOPIC: PARTITIONS, ARCHIVE.name: 1})
        codec = Codec(NumberedRegistry())
        for topic in (SESSIONS, ARCHIVE):
            codec.learn(topic, register=True)
        self.folder = folder / "objects"
        self.store: ObjectStore = DirectoryStore(self.folder)
        self.wire = Wire(codec, self.store)
        self.log: EventLog = MemoryLog(self.broker)
        self.trimming = MemoryTrimming(self.broker)
        self.seen = SeenFile(folder / "seen.json")
        self.limits = Limits(records=records)
        self.written: dict[int, list[Record]] = {p: [] for p in range(PARTITIONS)}

    def write(self, count: int) -> None:
        """Append records of every sort."""
        for _ in range(count):
            partition = self.chance.randrange(PARTITIONS)
            draft = self._draft(len(self.written[partition]))
            self.broker.land(draft._replace(partition=partition))
            self.written[partition].append(self.broker.records[TOPIC, partition][-1])

    def _draft(self, n: int) -> Draft:
        chance = self.chance
        some = chance.randbytes(chance.randrange(40))
        sort = chance.randrange(8)
        if sort == 0:
            return Draft(TOPIC, None, None, None, [("h", some), ("h", b""), ("ü", some)])
        if sort == 1:
            return Draft(TOPIC, None, some, some, [])
        detail = "x" * (CLAIM_MIN + 1) if sort == 2 and n % 3 == 0 else some.hex()
        run_id = RunId(derived("run", n))
        event = RunFailed(run_id=run_id, reason="r", detail=detail)
        return self.wire.root(
            event, component="t", topic=TOPIC, key="k", event_id=EventId(run_id), at_ms=n
        )

    def seal(self, partition: int | None = None, **given: Any) -> list[SegmentSealed]:
        """Seal one partition or all of them."""
        sealer = Sealer(self.log, self.wire, self.store, self.limits)
        wanted = range(PARTITIONS) if partition is None else [partition]
        sealed = [s for p in wanted for s in sealer.seal(TOPIC, p, **given)]
        self.seen.add(sealed)
        return sealed

    @property
    def chains(self) -> Chains:
        """The chains as the log tells them now."""
        return Chains(self.log, self.wire).refresh()

    def chain(self, partition: int) -> list[SegmentSealed]:
        """Return a partition's segments."""
        return self.chains.of(Place(TOPIC, "memory", partition)).segments

    @property
    def auditor(self) -> Auditor:
        """Who checks."""
        return Auditor(self.log, self.store, self.seen.read())

    def audit(self) -> list[Audited]:
        """Check everything."""
        return list(self.auditor.audit(self.chains, (TOPIC,)))

    def faults(self) -> list[Fault]:
        """Check everything, and return what is wrong."""
        return [fault for audited in self.audit() for fault in audited.faults]

    def trim(self, older_than_ms: int = NEVER_MS) -> list[Trim]:
        """Trim all that may go."""
        trimmer = Trimmer(self.log, self.chains, self.auditor, self.trimming)
        plans = list(trimmer.plan(TOPIC, older_than_ms))
        for plan in plans:
            trimmer.trim(plan)
        return plans

    @property
    def whole(self) -> ArchivedLog:
        """The log with its archive, as a reader opens it."""
        return ArchivedLog(MemoryLog(self.broker), self.wire, self.store)

    def read(self, partition: int, start: int, end: int) -> list[Record]:
        """Read a range as a reader does that knows nothing."""
        return [r for batch in self.whole.read(TOPIC, partition, start, end) for r in batch]

    def path(self, address: str) -> Path:
        """Return the file of an object."""
        digest = address.removeprefix("sha256:")
        return self.folder / digest[:2] / digest


def filled(folder: Path, **given: Any) -> Vault:
    """Return a vault in which everything is sealed."""
    vault = Vault(folder, **given)
    vault.write(60)
    vault.seal()
    return vault
