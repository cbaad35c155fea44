"""What a scope records, merges, supersedes, forgets and lets go of."""

import pytest

from processors.memory.decider import MEMORY_DECIDER, memory_id
from streams.events.memory import (
    MemoryExpired,
    MemoryForgotten,
    MemoryMerged,
    MemoryRecorded,
    MemoryRefused,
    MemorySuperseded,
)
from streams.ids import EventId, MemoryId, derived
from streams.plain import form_of
from tests.unit.processors.memory.stream import (
    SCOPE,
    Stream,
    fact,
    forget,
    offered,
    passage,
    turn,
)

TEA, TEA_AGAIN = passage("Tea is at four."), passage("TEA  is at four!", "other.md")
TEA_ID, TEA_AGAIN_ID = memory_id(SCOPE, TEA), memory_id(SCOPE, TEA_AGAIN)


def test_what_is_new_is_recorded_with_where_it_comes_from() -> None:
    stream = Stream()
    assert stream.tell(offered(TEA), at_ms=70) == (
        MemoryRecorded(
            memory_id=TEA_ID,
            content=TEA,
            place=0,
            offered_by=EventId("told-1"),
            since_ms=70,
            expires_at_ms=None,
        ),
    )


def test_places_count_what_was_recorded() -> None:
    stream = Stream()
    decided = [stream.tell(offered(passage(text))) for text in ("one", "one", "two", "", "three")]
    places = [e.place for events in decided for e in events if isinstance(e, MemoryRecorded)]
    assert places == [0, 1, 2]


def test_the_same_offer_twice_says_nothing_new() -> None:
    stream = Stream()
    stream.tell(offered(TEA))
    assert stream.tell(offered(TEA)) == ()


def test_the_same_words_elsewhere_are_merged_once() -> None:
    stream = Stream()
    stream.tell(offered(TEA))
    assert stream.tell(offered(TEA_AGAIN)) == (
        MemoryMerged(
            memory_id=TEA_ID,
            merged_id=TEA_AGAIN_ID,
            content=TEA_AGAIN,
            offered_by=EventId("told-2"),
            since_ms=2,
        ),
    )
    assert stream.tell(offered(TEA_AGAIN)) == ()


def test_a_turn_said_again_at_another_time_is_another_turn() -> None:
    stream = Stream()
    stream.tell(offered(turn("I ran five miles today", at_ms=1)))
    (again,) = stream.tell(offered(turn("I ran five miles today", at_ms=2)))
    assert isinstance(again, MemoryRecorded)


def test_the_same_words_of_another_speaker_are_not_merged() -> None:
    stream = Stream()
    stream.tell(offered(turn("Me too", speaker="Ada")))
    (other,) = stream.tell(offered(turn("Me too", speaker="Bob")))
    assert isinstance(other, MemoryRecorded)


def test_words_that_differ_in_script_alone_are_not_merged() -> None:
    stream = Stream()
    stream.tell(offered(passage("東京")))
    (other,) = stream.tell(offered(passage("京都")))
    assert isinstance(other, MemoryRecorded)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada writes C.", "Ada writes C++."),
        ("Ada writes C.", "Ada writes C#."),
        ("It is -5 °C", "It is 5 °C"),
        ("The limit is < 5", "The limit is > 5"),
        ("Pi is 3.14", "Pi is 3,14"),
        ("It has 10² rows", "It has 102 rows"),
        ("Call snake_case", "Call snake case"),
        ("यह दिन है", "यह दीन है"),
        ("It is done", "It is done?"),
    ],
)
def test_signs_and_vowel_signs_are_words_of_a_fact(one: str, other: str) -> None:
    stream = Stream()
    stream.tell(offered(fact("ada.x", one)))
    recorded, superseded = stream.tell(offered(fact("ada.x", other)))
    assert (type(recorded), type(superseded)) == (MemoryRecorded, MemorySuperseded)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tea is at 4.30, as ever.", "TEA is at 4.30 as  ever!"),
        ("वह दिन है।", "वह दिन है"),
        ("本を読んだ。", "本を読んだ"),
        ("Cafe\u0301", "café"),
    ],
)
def test_case_space_and_marks_of_sentences_say_nothing(one: str, other: str) -> None:
    stream = Stream()
    stream.tell(offered(passage(one)))
    (merged,) = stream.tell(offered(passage(other, "other.md")))
    assert isinstance(merged, MemoryMerged)


def test_what_holds_no_word_is_compared_as_it_stands() -> None:
    stream = Stream()
    stream.tell(offered(passage("!!!")))
    (other,) = stream.tell(offered(passage("???")))
    assert isinstance(other, MemoryRecorded)


ROME, PARIS = fact("ada.city", "Ada lives in Rome"), fact("ada.city", "Ada lives in Paris")
ROME_ID, PARIS_ID = memory_id(SCOPE, ROME), memory_id(SCOPE, PARIS)


def test_a_newer_fact_supersedes_the_older_one_of_its_key() -> None:
    stream = Stream()
    stream.tell(offered(ROME))
    recorded, superseded = stream.tell(offered(PARIS))
    assert recorded.memory_id == PARIS_ID
    assert superseded == MemorySuperseded(memory_id=ROME_ID, by=PARIS_ID, key="ada.city")


def test_keys_are_compared_without_case_and_space() -> None:
    stream = Stream()
    stream.tell(offered(ROME))
    _, superseded = stream.tell(offered(fact("Ada.City ", "Paris it is")))
    assert superseded.memory_id == ROME_ID


def test_an_older_fact_that_comes_late_is_superseded_at_once() -> None:
    stream = Stream()
    stream.tell(offered(fact("ada.city", "Ada lives in Rome", at_ms=20)))
    newer = stream.events[0].memory_id
    late = fact("ada.city", "Ada lives in Oslo", at_ms=10)
    recorded, superseded = stream.tell(offered(late))
    assert superseded == MemorySuperseded(memory_id=recorded.memory_id, by=newer, key="ada.city")
    assert stream.tell(offered(late)) == ()
    assert stream.state.holding("ada.city") == newer


def test_a_fact_that_comes_back_is_recorded_anew() -> None:
    stream = Stream()
    for content in (ROME, PARIS):
        stream.tell(offered(content))
    recorded, superseded = stream.tell(offered(ROME))
    assert recorded.memory_id == MemoryId(derived(ROME_ID, 2))
    assert superseded == MemorySuperseded(memory_id=PARIS_ID, by=recorded.memory_id, key="ada.city")


def test_facts_of_different_keys_stand_beside_each_other() -> None:
    stream = Stream()
    stream.tell(offered(ROME))
    assert len(stream.tell(offered(fact("bob.city", "Ada lives in Rome")))) == 1


def test_what_is_alike_is_never_superseded_without_a_key() -> None:
    stream = Stream()
    stream.tell(offered(fact("", "The deadline is 3 May")))
    assert len(stream.tell(offered(fact("", "The deadline is 4 May")))) == 1


def test_a_forgotten_memory_is_gone_until_it_is_offered_again() -> None:
    stream = Stream()
    stream.tell(offered(TEA))
    assert stream.tell(forget(TEA_ID)) == (MemoryForgotten(memory_id=TEA_ID, reason="asked to"),)
    assert not stream.state.is_live(TEA_ID)
    (again,) = stream.tell(offered(TEA))
    assert again.memory_id == MemoryId(derived(TEA_ID, 1))


def test_what_is_not_there_cannot_be_forgotten() -> None:
    stream = Stream()
    stream.tell(offered(TEA))
    stream.tell(forget(TEA_ID))
    for known in (TEA_ID, MemoryId("unknown")):
        (refused,) = stream.tell(forget(known))
        assert (type(refused), refused.reason) == (MemoryRefused, "unknown_memory")


def test_the_next_event_lets_go_of_what_has_expired() -> None:
    stream = Stream()
    (recorded,) = stream.tell(offered(TEA, ttl_ms=100), at_ms=1_000)
    assert recorded.expires_at_ms == 1_100
    assert len(stream.tell(offered(passage("early")), at_ms=1_099)) == 1
    expired, _ = stream.tell(offered(passage("late")), at_ms=1_100)
    assert expired == MemoryExpired(memory_id=TEA_ID, expired_at_ms=1_100)
    assert len(stream.tell(offered(passage("later")), at_ms=1_200)) == 1


def test_what_has_expired_does_not_stand_for_what_is_offered_now() -> None:
    stream = Stream()
    stream.tell(offered(TEA, ttl_ms=100), at_ms=1_000)
    expired, recorded = stream.tell(offered(TEA_AGAIN), at_ms=2_000)
    assert (type(expired), type(recorded)) == (MemoryExpired, MemoryRecorded)


def test_an_offer_that_lasts_longer_renews_a_memory() -> None:
    stream = Stream()
    stream.tell(offered(TEA, ttl_ms=100), at_ms=1_000)
    recorded, superseded = stream.tell(offered(TEA), at_ms=1_050)
    assert recorded.expires_at_ms is None
    assert superseded == MemorySuperseded(memory_id=TEA_ID, by=recorded.memory_id, key="")
    assert stream.tell(offered(TEA, ttl_ms=9), at_ms=5_000) == ()


def test_what_is_unfit_is_refused_with_the_reason() -> None:
    stream = Stream()
    cases = {
        "empty": offered(passage(" \n")),
        "too_long": offered(passage("x" * 20_001)),
        "bad_ttl": offered(TEA, ttl_ms=0),
    }
    for reason, event in cases.items():
        (refused,) = stream.tell(event)
        assert refused.reason == reason
    for key in ("city", ".city", "ada.", "a.b" * 100):
        (refused,) = stream.tell(offered(fact(key, "x")))
        assert refused.reason == "bad_key"


def test_the_state_survives_being_written_down() -> None:
    stream = Stream()
    for content in (TEA, TEA_AGAIN, ROME, PARIS):
        stream.tell(offered(content, ttl_ms=10**9))
    form = form_of(MEMORY_DECIDER.state_type)
    assert form.load(form.dump(stream.state)) == stream.state
