"""What is sealed and trimmed reads as it was, whatever happens in between."""

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.archive.audit import Wrong
from replay.archive.seal import Limits, Sealer
from streams.errors import ArchiveDamaged, Conflict, LogTruncated, StoreAway
from streams.io.archive.segment import digest_of, unpacked
from streams.io.memory_log import MemoryLog
from streams.io.objects import ObjectStore
from streams.log import Draft
from streams.topics import ARCHIVE
from tests.unit.replay.archive.vault import PARTITIONS, TOPIC, Vault

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


def filled(folder: Path, **given: Any) -> Vault:
    vault = Vault(folder, **given)
    vault.write(60)
    vault.seal()
    return vault


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


def test_two_who_seal_at_once_make_one_chain(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    sealers = [
        Sealer(vault.log, vault.wire, vault.store, Limits(records=n)).seal(TOPIC, 0)
        for n in (7, 11)
    ]
    while sealers:
        for sealing in list(sealers):
            if next(sealing, None) is None:
                sealers.remove(sealing)
    assert vault.chain(0)[-1].end == len(vault.written[0])
    assert vault.chains.of(next(iter(vault.chains))[0]).strays == []
    vault.seal()
    vault.trim()
    assert vault.read(0, 0, 1_000) == vault.written[0]


class Dies(Exception):
    """The process is killed here."""


class Fuse:
    """Ends whatever uses it at one call: before anything happened, or just after."""

    def __init__(self, at: int, *, after: bool, error: Exception) -> None:
        self.left = at
        self.after = after
        self.error = error

    def __call__(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise self.error
        done = work(*arguments, **named)
        if self.left == 0:
            raise self.error
        return done


class FusedStore:
    def __init__(self, store: ObjectStore, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def put(self, content: bytes) -> str:
        address: str = self._fuse(self._store.put, content)
        return address

    def get(self, address: str) -> bytes:
        content: bytes = self._fuse(self._store.get, address)
        return content


class FusedLog(MemoryLog):
    def __init__(self, log: MemoryLog, fuse: Fuse) -> None:
        super().__init__(log.broker)
        self._fuse = fuse

    def append(self, drafts: Any, delivered: Any) -> int:
        return int(self._fuse(super().append, drafts, delivered))

    def flush(self, timeout_s: float) -> int:
        return int(self._fuse(super().flush, timeout_s))

    def read(self, topic: str, partition: int, start: int, end: int) -> Any:
        return self._fuse(super().read, topic, partition, start, end)


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


def test_while_the_store_is_away_nothing_is_trimmed(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    held = dict(vault.broker.first)
    sound, tried = vault.store, 0
    for at in range(1, 1_000):
        away = Fuse(at, after=False, error=StoreAway("no answer"))
        vault.store = FusedStore(sound, away)
        try:
            vault.trim()
        except StoreAway:
            tried += 1
            held_now = {k: v for k, v in vault.broker.first.items() if v}
            assert held_now == {k: v for k, v in held.items() if v}
        else:
            break
    assert tried >= len(vault.chain(0)) + len(vault.chain(1))
    assert vault.broker.first[TOPIC, 0] == len(vault.written[0])


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


def test_only_what_is_old_enough_is_trimmed(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    chain = vault.chain(0)
    plans = vault.trim(older_than_ms=chain[1].newest_ms)
    assert plans[0].until == chain[0].end
    assert vault.broker.first[TOPIC, 0] == chain[0].end


def test_what_a_group_has_yet_to_read_is_not_trimmed(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.trimming.groups = {"fast": {0: 1_000}, "slow": {0: 3}, "elsewhere": {1: 2}}
    plans = vault.trim()
    assert [(p.until, p.held_by) for p in plans] == [(3, "slow"), (2, "elsewhere")]
    assert (vault.broker.first[TOPIC, 0], vault.broker.first[TOPIC, 1]) == (3, 2)


def test_nothing_is_trimmed_from_behind_a_damaged_chain(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    vault.path(vault.chain(1)[0].address).unlink()
    with pytest.raises(ArchiveDamaged, match=f"nothing is trimmed: of {TOPIC}/1 0 to"):
        vault.trim()
    assert vault.broker.first[TOPIC, 0] == vault.broker.first[TOPIC, 1] == 0


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


def _flip(vault: Vault, chance: random.Random, segment: Any) -> None:
    path = vault.path(segment.address)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _truncate(vault: Vault, chance: random.Random, segment: Any) -> None:
    path = vault.path(segment.address)
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def _drop(vault: Vault, chance: random.Random, segment: Any) -> None:
    vault.path(segment.address).unlink()


IN_STORE = {
    "flip": (_flip, Wrong.ALTERED),
    "truncate": (_truncate, Wrong.ALTERED),
    "drop": (_drop, Wrong.MISSING),
}


@pytest.mark.parametrize("sort", IN_STORE)
def test_every_damage_in_the_store_is_found_and_named(sort: str, tmp_path: Path) -> None:
    """100 random corruptions of each sort."""
    vault, chance = filled(tmp_path, records=5), random.Random(sort)
    damage, wrong = IN_STORE[sort]
    assert vault.faults() == []
    for _ in range(100):
        segment = chance.choice([s for p in range(PARTITIONS) for s in vault.chain(p)])
        sound = vault.path(segment.address).read_bytes()
        damage(vault, chance, segment)
        (fault,) = vault.faults()
        assert fault[:6] == (
            *(TOPIC, segment.partition, segment.first, segment.end, segment.address, wrong),
        )
        vault.path(segment.address).write_bytes(sound)


def test_every_swap_in_the_store_is_found_and_named(tmp_path: Path) -> None:
    """100 random corruptions."""
    vault, chance = filled(tmp_path, records=5), random.Random("swap")
    segments = [s for p in range(PARTITIONS) for s in vault.chain(p)]
    for _ in range(100):
        pair = chance.sample(segments, 2)
        contents = [vault.path(s.address).read_bytes() for s in pair]
        for segment, content in zip(pair, reversed(contents), strict=True):
            vault.path(segment.address).write_bytes(content)
        assert {(f.address, f.first, f.end, f.wrong) for f in vault.faults()} == {
            (s.address, s.first, s.end, Wrong.ALTERED) for s in pair
        }
        for segment, content in zip(pair, contents, strict=True):
            vault.path(segment.address).write_bytes(content)


def _older(records: list[Any], chance: random.Random) -> None:
    """The head is replaced by an older one."""
    records[-1] = records[-1]._replace(value=chance.choice(records[:-1]).value)


def _set_back(records: list[Any], chance: random.Random) -> None:
    del records[chance.randrange(len(records)) :]


def _leave_out(records: list[Any], chance: random.Random) -> None:
    del records[chance.randrange(len(records))]


def _reorder(records: list[Any], chance: random.Random) -> None:
    a, b = chance.sample(range(len(records)), 2)
    one, other = records[a], records[b]
    records[a], records[b] = one._replace(value=other.value), other._replace(value=one.value)


@pytest.mark.parametrize("damage", [_older, _set_back, _leave_out, _reorder])
def test_every_damage_to_the_heads_is_found_and_named(damage: Any, tmp_path: Path) -> None:
    """50 random corruptions of each sort; what no longer counts is inside what is named."""
    vault, chance = Vault(tmp_path, records=5), random.Random(damage.__name__)
    vault.write(60)
    vault.seal(0)
    sound = list(vault.broker.records[ARCHIVE.name, 0])
    before = vault.chain(0)
    for _ in range(50):
        broken = list(sound)
        damage(broken, chance)
        vault.broker.records[ARCHIVE.name, 0] = [r._replace(offset=n) for n, r in enumerate(broken)]
        lost = [s for s in before if s not in vault.chain(0)]
        faults = vault.faults()
        assert lost
        assert {f.partition for f in faults} == {0}
        for segment in lost:
            assert any(f.first <= segment.first and segment.end <= f.end for f in faults)
        assert Wrong.ROLLED_BACK in {f.wrong for f in faults}
