"""Which capabilities there are: an offer that says something new makes a new version."""

from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from processors.links import Carried
from processors.registry.adoption import carry
from processors.registry.decider import REGISTRY_DECIDER, Entry
from streams.events.registry import (
    CapabilityOffered,
    CapabilityPerceived,
    CapabilityRefused,
    CapabilityRegistered,
    CapabilityWithdrawn,
    WithdrawalRequested,
)
from streams.events.sessions import CapabilityDropped
from streams.ids import CapabilityId
from streams.plain import form_of
from streams.topics import GRID_KEY
from tests.given import cause, fed, given
from tests.unit.processors.examples import ENCODER, adopted, card, vector

FIRST = CapabilityRegistered(version=1, card=card())
OTHER = card(description="answers better")


def test_a_first_offer_is_version_one() -> None:
    given(REGISTRY_DECIDER).when(CapabilityOffered(card=card())).then(FIRST)


def test_the_same_offer_again_is_no_news() -> None:
    given(REGISTRY_DECIDER, FIRST).when(CapabilityOffered(card=card())).then()


def test_another_offer_is_the_next_version() -> None:
    given(REGISTRY_DECIDER, FIRST).when(CapabilityOffered(card=OTHER)).then(
        CapabilityRegistered(version=2, card=OTHER)
    )


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (
            card(description=" "),
            "no_description",
            "k does not say what it is for; the router would never choose it",
        ),
        (card(policy="oracle"), "unknown_policy", "'oracle' is none of single"),
    ],
)
def test_an_offer_that_is_not_complete_is_refused(bad: Any, reason: str, detail: str) -> None:
    refusal = CapabilityRefused(reason=reason, detail=detail)
    given(REGISTRY_DECIDER).when(CapabilityOffered(card=bad)).then(refusal)
    given(REGISTRY_DECIDER, FIRST).when(CapabilityOffered(card=bad)).then(refusal)


def test_a_refusal_changes_nothing() -> None:
    refusal = CapabilityRefused(reason="r", detail="d")
    assert REGISTRY_DECIDER.fold([FIRST, refusal]) == Entry(1, card())


def test_what_is_withdrawn_is_no_more_until_it_is_offered_again() -> None:
    gone = CapabilityWithdrawn(version=2, reason="retired")
    asked = WithdrawalRequested(reason="retired")
    given(REGISTRY_DECIDER, FIRST).when(asked).then(gone)
    given(REGISTRY_DECIDER, FIRST, gone).when(asked).then()
    given(REGISTRY_DECIDER).when(asked).then()
    again = CapabilityRegistered(version=3, card=card())
    given(REGISTRY_DECIDER, FIRST, gone).when(CapabilityOffered(card=card())).then(again)


@forall(st.lists(st.builds(card, description=st.sampled_from(["", "a", "b"]))))
def test_versions_count_what_is_new_one_by_one(cards: list[Any]) -> None:
    state, decided = fed(REGISTRY_DECIDER, [CapabilityOffered(card=c) for c in cards])
    versions = [x.version for x in decided if isinstance(x, CapabilityRegistered)]
    assert versions == list(range(1, len(versions) + 1))
    assert state.version == len(versions)
    form = form_of(Entry)
    assert form.load(form.dump(state)) == state


def test_a_perceived_capability_is_put_in_force_in_every_partition() -> None:
    vectors = (vector(1, 0), vector(0, 1))
    event = CapabilityPerceived(version=3, card=card(), encoder=ENCODER, vectors=vectors)
    fact = adopted(version=3, description="answers questions", vectors=vectors)
    assert carry(cause(event, key="answer"), 3) == [Carried(GRID_KEY, fact, p) for p in range(3)]


def test_a_withdrawn_capability_is_put_out_of_force_in_every_partition() -> None:
    event = CapabilityWithdrawn(version=4, reason="retired")
    fact = CapabilityDropped(capability=CapabilityId("answer"), version=4)
    assert carry(cause(event, key="answer"), 2) == [Carried(GRID_KEY, fact, p) for p in range(2)]
