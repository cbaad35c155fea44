"""Routing: by name, by meaning, with its session, and by policy when it is unsure."""

from dataclasses import replace

import pytest

from processors.router.decider import ROUTER, Routing
from processors.router.meaning import words_in
from processors.router.table import AUTOMATIC, Table, adopt
from streams.events.sessions import (
    ClarificationAsked,
    PolicyAdopted,
    RequestRefused,
    RequestRouted,
    TextPerceived,
)
from streams.events.tuning import Unsure
from streams.ids import CapabilityId
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import (
    SIZE,
    name_of,
    vector,
)
from tests.unit.processors.router.routed import (
    LABELS,
    MEANS,
    TAUGHT,
    between,
    decided,
    like,
    perceived,
    received,
    refusing,
)


def test_a_request_goes_where_it_most_likely_belongs() -> None:
    event = decided(perceived(like(3)))
    assert isinstance(event, RequestRouted)
    assert event.capability == name_of(3)
    assert event.confidence > 0.8
    assert event.candidates[0].capability == name_of(3)
    assert event.runner_up == event.candidates[1].capability
    assert event.margin == round(event.candidates[0].score - event.candidates[1].score, 6)
    assert event.propensity == 1.0
    assert event.router_version == TAUGHT.version
    assert name_of(3) in event.reason
    assert len(event.candidates) == 5


def test_a_request_is_decided_once() -> None:
    event = perceived(like(3))
    state = ROUTER.evolve(Routing(), decided(event))
    assert ROUTER.decide(state, enveloped(event), TAUGHT) == ()


@pytest.mark.parametrize("name", [name_of(2), "extractive"])
def test_a_name_is_obeyed(name: str) -> None:
    event = decided(received(name))
    assert isinstance(event, RequestRouted)
    assert event.confidence == 1.0


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    event = decided(received("nobody"))
    assert isinstance(event, RequestRefused)
    assert event.reason == "model_not_found"
    assert name_of(0) in event.detail


def test_a_request_by_meaning_waits_for_its_vector() -> None:
    assert ROUTER.decide(Routing(), enveloped(received(AUTOMATIC)), TAUGHT) == ()


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (perceived(b""), "bad_vector"),
        (perceived(bytes(4 * SIZE)), "bad_vector"),
        (perceived(b"\x00\x00\xc0\x7f" * SIZE), "bad_vector"),
        (perceived(like(1)[:-4]), "bad_vector"),
        (replace(perceived(like(1)), encoder="other@2"), "no_capability"),
    ],
    ids=["empty", "zero", "nan", "short", "other encoder"],
)
def test_a_vector_that_means_nothing_here_is_refused(event: TextPerceived, reason: str) -> None:
    told = decided(event)
    assert isinstance(told, RequestRefused)
    assert told.reason == reason


def test_without_capabilities_everything_is_refused() -> None:
    assert decided(perceived(like(1)), Table()).reason == "no_capability"


# -- unsure


def test_unsure_is_routed_to_the_nearest_until_a_policy_says_otherwise() -> None:
    event = decided(perceived(between(12, 13)))
    assert isinstance(event, RequestRouted)
    assert event.confidence < 0.5


def test_by_policy_the_unsure_is_refused_and_told_what_was_nearest() -> None:
    event = decided(perceived(between(12, 13)), refusing())
    assert isinstance(event, RequestRefused)
    assert event.reason == "none_of_these"
    assert event.confidence < 0.5
    assert event.candidates
    assert event.candidates[0].capability in event.detail
    assert isinstance(decided(perceived(like(3)), refusing()), RequestRouted)


def test_by_policy_the_client_is_asked_which_of_three_is_meant() -> None:
    grid = adopt(TAUGHT, PolicyAdopted(unsure=Unsure.ASK, threshold=0.999))
    event = decided(perceived(between(4, 5)), grid)
    assert isinstance(event, ClarificationAsked)
    assert {c.capability for c in event.candidates} >= {name_of(4), name_of(5)}
    assert len(event.candidates) == 3
    assert "does 4" in event.text


# -- sessions


def hinting_at(label: int, share: float) -> bytes:
    """Return a vector that means nothing but a little of what a label does."""
    return between(label, LABELS + 1, share)


def test_a_short_unsure_request_is_understood_from_its_session() -> None:
    first = decided(perceived(like(6)))
    state = ROUTER.evolve(Routing(), first)
    vague = perceived(hinting_at(6, 0.2), "run-2", "and yesterday's?")
    alone, inside = decided(vague), decided(vague, state=state)
    assert alone.confidence < 0.5 < inside.confidence
    assert inside.capability == name_of(6)
    assert "follow-up" in inside.reason


def test_a_session_makes_nothing_surer_that_has_nothing_to_do_with_it() -> None:
    state = ROUTER.evolve(Routing(), decided(perceived(like(6))))
    other = perceived(hinting_at(6, 0.0), "run-2", "how tall is mont blanc?")
    nearest, refused = (decided(other, grid, state) for grid in (TAUGHT, refusing()))
    assert nearest.capability == refused.candidates[0].capability == name_of(6)
    assert nearest.confidence == refused.confidence == decided(other).confidence < 0.5
    assert refused.reason == "none_of_these"


def test_a_follow_up_stays_one_where_its_session_makes_it_less_sure() -> None:
    state = ROUTER.evolve(Routing(), decided(perceived(like(6))))
    point = 0.255 * MEANS[2] - 0.3 * MEANS[6] + 0.745 * MEANS[LABELS + 1]
    vague = perceived(vector(list(point)), "run-2", "and that?")
    alone, inside = decided(vague), decided(vague, state=state)
    assert 0.5 > alone.confidence > inside.confidence
    assert (alone.capability, inside.capability) == (name_of(2), name_of(6))


def test_a_long_or_clear_request_is_understood_by_itself() -> None:
    state = ROUTER.evolve(Routing(), decided(perceived(like(6))))
    clear = decided(perceived(like(2), "run-2", "and this?"), state=state)
    assert clear.capability == name_of(2)
    vague = perceived(vector([0.25, *[0.0] * 20, 1.0]), "run-2", " ".join(["word"] * 13))
    assert "follow-up" not in decided(vague, state=state).reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("and yesterday's?", 2),
        (" two\u3000spaces\tand a tab ", 5),
        ("", 0),
        ("昨天的呢", 2),
        ("那么请问我怎样才能把电脑的操作系统升级到最新版本", 12),
        ("パソコンのOSを更新する方法", 8),
        ("어제는 어때요?", 2),
    ],
)
def test_words_are_counted_without_spaces_between_them_too(text: str, words: int) -> None:
    assert words_in(text) == words


def test_a_session_does_not_flap_between_two_that_are_nearly_as_likely() -> None:
    shares = [share / 100 for share in range(40, 61)]
    one = [decided(perceived(between(7, 8, share))).capability for share in shares]
    assert set(one) == {name_of(7), name_of(8)}
    tipping = next(k for k in range(1, len(one)) if one[k] != one[k - 1])
    before, after = (
        perceived(between(7, 8, shares[k]), f"run-{k}") for k in (tipping - 1, tipping)
    )
    state = ROUTER.evolve(Routing(), decided(before))
    held = decided(after, state=state)
    assert held.capability == one[tipping - 1]
    assert "keeps the session" in held.reason


def test_another_encoders_focus_is_not_mixed_in() -> None:
    state = Routing(capability=CapabilityId(name_of(6)), focus=b"\0\0")
    assert isinstance(decided(perceived(like(2)), state=state), RequestRouted)


def test_a_sessions_memory_is_bounded() -> None:
    state = Routing()
    for run in range(100):
        state = ROUTER.evolve(
            state, decided(perceived(like(run % LABELS), f"run-{run}"), state=state)
        )
    assert len(state.done) == 16
    assert len(state.focus) == 2 * SIZE
