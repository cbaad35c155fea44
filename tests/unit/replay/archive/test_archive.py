"""What is sealed and trimmed reads as it was, whatever happens in between."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.archive.audit import Wrong
from replay.archive.seal import Limits, Sealer
from streams.errors import ArchiveDamaged, Conflict, LogTruncated
from streams.io.archive.chains import Chain
from streams.io.archive.segment import digest_of, unpacked
from streams.io.memory_log import MemoryLog
from streams.log import Draft
from streams.topics import ARCHIVE
from tests.unit.replay.archive.fuse import Dies, Fuse, FusedLog, FusedStore
from tests.unit.replay.archive.vault import PARTITIONS, TOPIC, Vault, filled

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 30)),
        st.tuples(st.just("seal"), st.integers(3, 15)),
        st.tuples(st.just("trim"), st.integers(0, 100)),
    ),
    min_size=1,
    max_size=12,
)


@given(seed=st.integers(0, 10_000), steps=STEPS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_range_reads_as_it_was_written(
    seed: int, steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        vault = Vault(Path(folder), seed=seed)
        reader = vault.whole  # opened before anything was sealed
        for step, number in steps:
            if step == "write":
                vault.write(number)
            elif step == "seal":
                vault.limits = Limits(records=number)
                vault.seal(data.draw(st.sampled_from([None, 0, 1])))
            else:
                vault.trimming.groups = {"slow": {0: number}}
                vault.trim()
        for partition, written in vault.written.items():
            assert vault.whole.span(TOPIC, partition) == (0, len(written))
            start = data.draw(st.integers(0, len(written)))
            end = data.draw(st.integers(0, len(written) + 2))
            assert vault.read(partition, start, end) == written[start:end]
            batches = reader.read(TOPIC, partition, 0, len(written))
            assert [r for batch in batches for r in batch] == written
        assert vault.faults() == []


def test_segments_follow_each_other_and_name_the_one_before(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    for partition, written in vault.written.items():
        chain = vault.chain(partition)
        assert len(chain) > 2
        assert [s.first for s in chain] == [0, *(s.end for s in chain[:-1])]
        assert [s.previous for s in chain] == [None, *(s.address for s in chain[:-1])]
        assert chain[-1].end == len(written)
        for segment in chain:
            about, records = unpacked(vault.store.get(segment.address))
            assert about.previous == segment.previous
            assert records == written[segment.first : segment.end]
            assert segment.rows_sha256 == digest_of(records)
    assert vault.seal() == []


def test_the_same_range_has_the_same_address(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "a"), filled(tmp_path / "b")
    assert [s.address for s in first.chain(0)] == [s.address for s in second.chain(0)]
    other = filled(tmp_path / "c", seed=1)
    assert first.chain(0)[0].address != other.chain(0)[0].address


class Overtaken(MemoryLog):
    """Just before a head is appended, more is written, and somebody else seals it all."""

    def __init__(self, vault: Vault, limits: Limits) -> None:
        super().__init__(vault.broker)
        self._vault = vault
        self._other = Sealer(vault.log, vault.wire, vault.store, limits)
        self.overtaken = 0

    def append(self, drafts: Any, delivered: Any) -> int:
        self._vault.write(2)
        sealing = self._other.seal(TOPIC, 0)
        self.overtaken += next(sealing, None) is not None
        if self.overtaken == 5:
            list(sealing)
        return super().append(drafts, delivered)


def test_two_who_seal_at_once_make_one_chain(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    log = Overtaken(vault, Limits(records=7))
    slow = Sealer(log, vault.wire, vault.store, Limits(records=5))
    counted = list(slow.seal(TOPIC, 0))
    assert log.overtaken >= 4
    chain = vault.chain(0)
    assert [s for s in counted if s not in chain] == []
    assert [s.first for s in chain] == [0, *(s.end for s in chain[:-1])]
    assert vault.faults() == []
    vault.seal()
    vault.trim()
    assert vault.read(0, 0, 1_000) == vault.written[0]


def test_a_head_that_is_swallowed_is_not_sealed_for_ever(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(20)

    class Swallowing(MemoryLog):
        def append(self, drafts: Any, delivered: Any) -> int:
            return super().append([draft._replace(value=b"") for draft in drafts], delivered)

    vault.log = Swallowing(vault.broker)
    with pytest.raises(ArchiveDamaged, match="in the log but not read"):
        vault.seal()


def test_a_head_counts_only_if_it_names_the_one_before(tmp_path: Path) -> None:
    first, second, third = filled(tmp_path).chain(0)[:3]
    chain = Chain()
    forged = replace(second, address=third.address)
    for told in (first, replace(second, previous=None), second, first, forged, second):
        chain.take(told)
    assert chain.segments == [first, second]
    assert chain.strays == [replace(second, previous=None)]
    assert chain.holding(second.first) == second
    assert chain.holding(second.end) is None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_leaves_no_gap_and_no_overlap(after: bool, tmp_path: Path) -> None:
    crashes = 0
    for at in range(1, 400):
        vault = Vault(tmp_path / f"{at}", records=20)
        vault.write(50)
        fuse = Fuse(at, after=after, error=Dies())
        dying = FusedLog(MemoryLog(vault.broker), fuse)
        sealer = Sealer(dying, vault.wire, FusedStore(vault.store, fuse), vault.limits)
        try:
            for partition in range(PARTITIONS):
                list(sealer.seal(TOPIC, partition))
        except Dies:
            crashes += 1
        if fuse.left > 0:
            break
        vault.write(7)
        vault.seal()
        for partition, written in vault.written.items():
            chain = vault.chain(partition)
            assert [s.first for s in chain] == [0, *(s.end for s in chain[:-1])]
            assert chain[-1].end == len(written)
        assert vault.faults() == []
        vault.trim()
        for partition, written in vault.written.items():
            assert vault.broker.first[TOPIC, partition] == len(written)
            assert vault.read(partition, 0, 1_000) == written
    assert crashes > 20
    assert fuse.left > 0


def test_a_store_that_gives_something_else_back_seals_nothing(tmp_path: Path) -> None:
    vault, other = Vault(tmp_path), filled(tmp_path / "other", seed=1)
    vault.write(20)

    class Confused(FusedStore):
        def get(self, address: str) -> bytes:
            return other.store.get(other.chain(0)[0].address)

    vault.store = Confused(vault.store, Fuse(0, after=False, error=Dies()))
    with pytest.raises(ArchiveDamaged, match="does not give back"):
        vault.seal()
    assert vault.broker.records[ARCHIVE.name, 0] == []


def test_a_log_that_lost_its_beginning_is_not_sealed_unasked(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(40)
    vault.broker.truncate(TOPIC, 0, 5)
    with pytest.raises(LogTruncated, match="begins at 5, and nothing before that is sealed"):
        vault.seal(0)
    assert vault.seal(0, begin=True)[0].first == 5
    vault.trim()
    assert vault.read(0, 5, 1_000) == vault.written[0][5:]
    with pytest.raises(LogTruncated):
        vault.read(0, 4, 1_000)


def test_a_log_trimmed_past_its_archive_is_never_sealed_over_the_gap(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.write(40)
    end = vault.chain(0)[-1].end
    vault.broker.truncate(TOPIC, 0, end + 2)
    with pytest.raises(LogTruncated):
        vault.seal(0)
    assert [(f.wrong, f.first, f.end) for f in vault.faults()] == [(Wrong.GAP, end, end + 2)]


def test_a_log_shorter_than_its_archive_is_a_conflict(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    del vault.broker.records[TOPIC, 0][-3:]
    end = len(vault.written[0])
    with pytest.raises(Conflict, match=f"ends at {end - 3}, but was sealed up to {end}"):
        vault.seal(0)
    assert [(f.wrong, f.first, f.end) for f in vault.faults()] == [
        (Wrong.LOG_DIFFERS, end - 3, end)
    ]


def test_a_log_that_was_written_anew_differs_at_its_last_sealed_record(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    end = len(vault.written[0])
    vault.broker.records[TOPIC, 0].pop()
    vault.broker.land(Draft(TOPIC, 0, b"k", b"another", []))
    assert [(f.wrong, f.first, f.end) for f in vault.faults()] == [
        (Wrong.LOG_DIFFERS, end - 1, end)
    ]
