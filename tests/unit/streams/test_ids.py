"""Ids as RFC 9562 has them: minted in the order of time, derived the same everywhere."""

import uuid

from hypothesis import given as forall
from hypothesis import strategies as st

from streams.ids import (
    NAMESPACE,
    EventId,
    ProcessorName,
    derived,
    minted,
    of_decision,
    of_position,
    of_source,
)

OURS = uuid.uuid5(uuid.NAMESPACE_DNS, "aether-grid")
TEXT = st.text(st.characters(codec="utf-8"))
TIMES = st.integers(0, 2**48 - 1)


def test_the_namespace_is_the_one_it_says_it_is() -> None:
    assert uuid.UUID(bytes=NAMESPACE) == OURS


@forall(st.lists(st.one_of(TEXT, st.integers()), min_size=1))
def test_a_derived_id_is_the_standard_librarys_uuid5(parts: list[object]) -> None:
    assert derived(*parts) == str(uuid.uuid5(OURS, "/".join(map(str, parts))))


@forall(TIMES, st.binary(min_size=10, max_size=16))
def test_a_minted_id_is_a_uuid7_of_its_time_and_chance(at_ms: int, chance: bytes) -> None:
    made = uuid.UUID(minted(at_ms, chance))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == at_ms
    expected = int.from_bytes(chance[:10], "big")
    assert made.int >> 64 & 0xFFF == expected >> 64 & 0xFFF
    assert made.int & (1 << 62) - 1 == expected & (1 << 62) - 1


@forall(TIMES, TIMES)
def test_minted_ids_stand_in_the_order_of_time(one: int, other: int) -> None:
    chance = bytes(10)
    assert (minted(one, chance) < minted(other, chance)) == (one < other)


def test_what_two_processors_decide_from_one_cause_has_two_ids() -> None:
    cause = EventId("c")
    named = [of_decision(cause, ProcessorName(p), step) for p in ("a", "b") for step in (0, 1)]
    assert len(set(named)) == 4
    assert named[0] == derived("c", "a", 0)


def test_a_sources_own_id_becomes_one_of_the_whole_log() -> None:
    kept = str(uuid.uuid4())
    assert of_source("/a", "1") == str(uuid.uuid5(OURS, "/a\n1"))
    assert of_source("/a", "1") != of_source("/b", "1")
    assert of_source("/a", "b/1") != of_source("/a/b", "1")
    assert of_source("/a", kept) == of_source("/b", kept) == kept


def test_a_position_has_one_id() -> None:
    assert of_position("t", 1, 2) == str(uuid.uuid5(OURS, "t/1/2"))
