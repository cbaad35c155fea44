"""Readers cross from the archive into the live log, and are stopped by damage alone."""

import os
from pathlib import Path
from typing import Any

import pytest

from replay.archive.audit import Wrong
from streams.errors import (
    ArchiveDamaged,
    BrokerAway,
    LogTruncated,
    RegistryAway,
    StoreAway,
    Transient,
)
from streams.io.archive.chains import Chains
from streams.io.memory_log import MemoryFollower, MemoryLog
from streams.io.objects import OBJECT_MAX, ObjectStore
from streams.io.wire import Wire
from streams.log import Follower, Record, Span
from streams.topics import ARCHIVE
from tests.unit.replay.archive.vault import TOPIC, filled


def test_a_time_is_found_on_both_sides_of_the_seam(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.trimming.groups = {"half": {0: len(vault.written[0]) // 2}}
    before = [vault.log.offset_at(TOPIC, 0, r.timestamp_ms) for r in vault.written[0]]
    between = [vault.log.offset_at(TOPIC, 0, r.timestamp_ms - 1) for r in vault.written[0]]
    vault.trim()
    whole = vault.whole
    assert vault.log.span(TOPIC, 0).first == len(vault.written[0]) // 2
    assert [whole.offset_at(TOPIC, 0, r.timestamp_ms) for r in vault.written[0]] == before
    assert [whole.offset_at(TOPIC, 0, r.timestamp_ms - 1) for r in vault.written[0]] == between


def test_a_follower_begins_in_the_archive_and_goes_on_live(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.trim()
    follower = vault.whole.follow({(TOPIC, 0): 3, (TOPIC, 1): len(vault.written[1])})
    assert follower.positions() == {(TOPIC, 0): 3, (TOPIC, 1): len(vault.written[1])}
    vault.write(20)
    taken = [record for _ in range(40) for record in follower.take(0)]
    assert [r for r in taken if r.partition == 0] == vault.written[0][3:]
    assert follower.positions() == {(TOPIC, p): len(w) for p, w in vault.written.items()}


def test_a_follower_that_a_trim_overtook_goes_on_in_the_archive(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    follower = vault.whole.follow({(TOPIC, 0): 0, (TOPIC, 1): 2})
    vault.trim()
    vault.write(20)
    taken = [record for _ in range(40) for record in follower.take(0)]
    assert [r for r in taken if r.partition == 0] == vault.written[0]
    assert [r for r in taken if r.partition == 1] == vault.written[1][2:]
    vault.broker.truncate(TOPIC, 0, len(vault.written[0]) + 3)
    with pytest.raises(LogTruncated):
        assert [follower.take(0) for _ in range(2)] == []


def patiently(follower: Follower, takes: int = 60) -> tuple[list[Record], int]:
    """Take again and again; return what came, and how often something was away."""
    taken, away = list[Record](), 0
    for _ in range(takes):
        try:
            taken += follower.take(0)
        except Transient:
            away += 1
    return taken, away


class Away:
    """A store that is away at every second call."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._calls = 0

    def put(self, content: bytes) -> str:
        return self._store.put(content)

    def get(self, address: str) -> bytes:
        self._calls += 1
        if self._calls % 2:
            raise StoreAway("at times")
        return self._store.get(address)


def test_a_follower_goes_on_where_it_was_when_the_store_was_away(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.trim()
    vault.write(20)
    segments = len(vault.chain(0)) + len(vault.chain(1))
    vault.store = Away(vault.store)
    follower = vault.whole.follow({(TOPIC, 0): 0, (TOPIC, 1): 0})
    taken, away = patiently(follower)
    assert away == segments > 4
    for partition, written in vault.written.items():
        assert [r for r in taken if r.partition == partition] == written
        assert follower.positions()[TOPIC, partition] == len(written)


def test_a_follower_goes_on_behind_what_it_returned_when_the_log_was_away(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    failures = [BrokerAway("with records in its hands")]

    class Failing(MemoryFollower):
        def take(self, timeout_s: float) -> list[Record]:
            taken = super().take(timeout_s)
            if failures:
                raise failures.pop()
            return taken

    class FailingLog(MemoryLog):
        def follow(self, starts: Any) -> MemoryFollower:
            return Failing(self, starts)

    whole = vault.whole
    whole.live = FailingLog(vault.broker)
    follower = whole.follow({(TOPIC, 0): 3})
    with pytest.raises(BrokerAway):
        follower.take(0)
    assert follower.positions() == {(TOPIC, 0): 3}
    assert patiently(follower) == (vault.written[0][3:], 0)


def test_a_follower_that_a_trim_overtook_asks_for_the_way_again(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    failures = [BrokerAway("for a moment")]

    class Closed(MemoryFollower):
        closed = False

        def take(self, timeout_s: float) -> list[Record]:
            return [] if self.closed else super().take(timeout_s)

        def close(self) -> None:
            self.closed = True

    class FailingLog(MemoryLog):
        def span(self, topic: str, partition: int) -> Span:
            if vault.broker.first[topic, partition] and failures:
                raise failures.pop()
            return super().span(topic, partition)

        def follow(self, starts: Any) -> MemoryFollower:
            return Closed(MemoryLog(vault.broker), starts)

    whole = vault.whole
    whole.live = FailingLog(vault.broker)
    follower = whole.follow({(TOPIC, 0): 3})
    vault.trim()
    assert patiently(follower) == (vault.written[0][3:], 1)


def test_a_reader_is_not_stopped_by_a_trim_under_its_feet(tmp_path: Path) -> None:
    vault = filled(tmp_path)

    class Trimmed(MemoryLog):
        def read(self, topic: str, partition: int, start: int, end: int) -> Any:
            for batch in super().read(topic, partition, start, end):
                yield batch[:4]
                vault.broker.truncate(topic, partition, min(start + 9, len(vault.written[0])))
                yield from super().read(topic, partition, start + 4, end)

    whole = vault.whole
    whole.live = Trimmed(vault.broker)
    batches = whole.read(TOPIC, 0, 0, 1_000)
    assert [r for batch in batches for r in batch] == vault.written[0]


def test_a_damaged_segment_stops_a_reader_and_says_which(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.trim()
    second = vault.chain(0)[1]
    vault.path(second.address).unlink()
    with pytest.raises(ArchiveDamaged, match=f"records {second.first} to {second.end - 1} of"):
        vault.read(0, 0, 1_000)


def test_a_segment_that_has_grown_too_large_is_damage_too(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.trim()
    first = vault.chain(0)[0]
    os.truncate(vault.path(first.address), OBJECT_MAX + 1)
    with pytest.raises(ArchiveDamaged):
        vault.read(0, 0, 1_000)
    assert {(f.wrong, f.address) for f in vault.faults()} == {(Wrong.ALTERED, first.address)}


def test_a_head_is_taken_once_when_the_registry_was_away(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    log = MemoryLog(vault.broker)
    heads = vault.broker.records[ARCHIVE.name, 0]
    del heads[0]  # what follows it is out of order
    heads[:] = [head._replace(offset=n) for n, head in enumerate(heads)]
    chains, once = Chains(log, vault.wire).refresh(), list[Record]()

    class Interrupted(Wire):
        def open(self, record: Record, head: dict[str, bytes] | None = None) -> Any:
            if record.offset == len(heads) - 1 and not once:
                once.append(record)
                raise RegistryAway("at times")
            return super().open(record, head)

    again = Chains(log, Interrupted(vault.wire.codec, vault.store))
    with pytest.raises(RegistryAway):
        again.refresh()
    strays = [chain.strays for _, chain in again.refresh()]
    assert strays == [chain.strays for _, chain in chains]
    assert strays[0]


def test_what_a_record_leaves_to_the_store_is_proven_too(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    claims = [
        r for w in vault.written.values() for r in w if any(n == "ce_dataref" for n, _ in r.headers)
    ]
    assert claims
    claim = claims[0]
    vault.path(dict(claim.headers)["ce_dataref"].decode()).unlink()
    found = {(f.wrong, f.partition, f.first, f.end) for f in vault.faults()}
    assert (Wrong.MISSING, claim.partition, claim.offset, claim.offset + 1) in found
