"""Readers cross from the archive into the live log, and are stopped by damage alone."""

from pathlib import Path
from typing import Any

import pytest

from replay.archive.audit import Wrong
from streams.errors import ArchiveDamaged, LogTruncated
from streams.io.memory_log import MemoryLog
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
