"""The keeper seals what has waited, proves it all now and then, and trims only where told to."""

from pathlib import Path
from typing import Any

from replay.archive.keep import FAULTY_EVERY_MS, Keeper, Rhythm, Standing
from replay.archive.seal import Sealer
from streams.errors import StoreAway
from tests.unit.replay.archive.fuse import Fuse, FusedStore
from tests.unit.replay.archive.vault import TOPIC, Vault

#: Records of a memory log are appended at one millisecond after another.
BEGAN_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


def keeper(vault: Vault, **given: Any) -> Keeper:
    rhythm = {"seal_after_ms": HOUR_MS, "seal_records": 1_000, "verify_every_ms": 24 * HOUR_MS}
    sealer = Sealer(vault.log, vault.wire, vault.store, vault.limits)
    halted = given.pop("halted", lambda: False)
    rule = Rhythm(**{**rhythm, **given})
    return Keeper(sealer, vault.log, vault.store, vault.trimming, vault.seen, rule, halted)


def turn(kept: Keeper, hours: float, known: Standing | None = None) -> Standing:
    return kept.turn([TOPIC], known or Standing(), BEGAN_MS + int(hours * HOUR_MS))


def test_a_record_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    kept = keeper(vault)
    young = turn(kept, 0.5)
    assert (young.sealed, young.open, young.troubles) == (0, 60, [])
    old = turn(kept, 1.5)
    assert (old.sealed, old.open, old.trimmed, old.troubles) == (60, 0, 0, [])
    assert vault.faults() == []


def test_many_records_wait_for_no_time(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    kept = keeper(vault, seal_records=20)
    vault.write(10)
    assert turn(kept, 0).sealed == 0
    vault.write(50)
    assert turn(kept, 0).open == 0


def test_nothing_is_trimmed_unless_asked(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    assert turn(keeper(vault), 9_999).trimmed == 0
    assert vault.broker.first[TOPIC, 0] == 0
    told = turn(keeper(vault, trim_older_ms=HOUR_MS), 9_999)
    assert (told.trimmed, told.trims) == (60, True)
    assert vault.broker.first[TOPIC, 0] == len(vault.written[0])


def test_while_the_store_is_away_all_stays_and_it_is_told(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    sound = vault.store
    vault.store = FusedStore(sound, Fuse(1, after=False, error=StoreAway("no answer")))
    told = turn(keeper(vault, trim_older_ms=0), 2)
    assert (told.sealed, told.open, told.trimmed) == (0, 60, 0)
    assert told.troubles == ["no answer"]
    vault.store = sound
    back = turn(keeper(vault, trim_older_ms=0), 2)
    assert (back.sealed, back.open, back.trimmed, back.troubles) == (60, 0, 60, [])


def test_a_fault_is_told_until_it_is_mended_and_nothing_is_trimmed(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    kept = keeper(vault)
    whole = turn(kept, 2)
    assert whole.verified_ms == whole.at_ms
    segment = vault.chain(0)[1]
    path = vault.path(segment.address)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert turn(kept, 3, whole).troubles == []  # it is not due
    kept = keeper(vault, trim_older_ms=0)
    for hours in (27, 27.1, 28):
        told = turn(kept, hours, whole)
        assert told.troubles == [f"{TOPIC}/0 {segment.first} to {segment.end - 1}: altered"]
        assert (told.verified_ms, told.trimmed) == (whole.verified_ms, 0)
    path.write_bytes(content)
    mended = turn(kept, 28 + 2 * FAULTY_EVERY_MS / HOUR_MS, whole)
    assert (mended.troubles, mended.verified_ms, mended.trimmed) == ([], mended.at_ms, 60)


def test_records_that_are_gone_are_told_and_the_others_sealed(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    vault.broker.truncate(TOPIC, 0, 3)
    told = turn(keeper(vault), 2)
    assert told.sealed == len(vault.written[1])
    assert f"{TOPIC}/0 begins at 3, and nothing before that is sealed" in told.troubles


def test_it_ends_between_two_segments(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(60)
    kept = keeper(vault, halted=lambda: bool(vault.chain(0)))
    assert turn(kept, 2).sealed == vault.limits.records
