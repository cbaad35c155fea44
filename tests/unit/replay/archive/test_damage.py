"""Whatever is done to an archive is found, and what it was done to is named: 600 random damages."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from replay.archive.audit import Wrong
from streams.io.archive.chains import Place
from streams.topics import ARCHIVE
from tests.unit.replay.archive.vault import PARTITIONS, TOPIC, Vault, filled


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
    before, place, out_of_order = vault.chain(0), Place(TOPIC, "memory", 0), 0
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
        strays = {s.address for s in vault.chains.of(place).strays}
        assert {f.address for f in faults if f.wrong is Wrong.OUT_OF_ORDER} == strays
        out_of_order += len(strays)
    assert (out_of_order > 0) == (damage in (_leave_out, _reorder))


def test_a_head_that_names_another_segment_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    vault = Vault(tmp_path, records=5)
    vault.write(60)
    vault.seal(0)
    first, last = vault.chain(0)[0], vault.chain(0)[-1]
    heads = vault.broker.records[ARCHIVE.name, 0]
    forged = replace(last, address=first.address)
    heads[-1] = heads[-1]._replace(value=vault.wire.codec.encode(forged))
    found = {(f.first, f.end, f.address, f.wrong) for f in vault.faults()}
    assert (last.first, last.end, first.address, Wrong.MISPLACED) in found
