"""The log loses only what is sealed, sound, old enough, and read by everybody."""

from pathlib import Path

import pytest

from streams.errors import ArchiveDamaged, StoreAway
from tests.unit.replay.archive.fuse import Fuse, FusedStore
from tests.unit.replay.archive.vault import TOPIC, filled


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
