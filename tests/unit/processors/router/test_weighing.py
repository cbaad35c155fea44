"""Cost and latency decide between capabilities that are about as likely, where a policy says so."""

from dataclasses import replace
from typing import Any

import pytest

from processors.router.table import adopt
from streams.events.sessions import PolicyAdopted, RequestRouted
from streams.events.tuning import Unsure, Weigh
from tests.unit.processors.meanings import name_of
from tests.unit.processors.router.routed import (
    ADOPTED,
    CAPABILITIES,
    between,
    decided,
    perceived,
    table,
)

NEAR = perceived(between(1, 2, 0.505))


def policy(weigh: Weigh = Weigh.COST, within: float = 0.3) -> PolicyAdopted:
    return PolicyAdopted(unsure=Unsure.NEAREST, threshold=0.5, weigh=weigh, within=within)


def routed(weighing: PolicyAdopted | None, *takes: dict[str, Any]) -> RequestRouted:
    """Route what lies between the second and third capability, nearer to the first of the two."""
    told = list(CAPABILITIES)
    for label, fields in enumerate(takes, 1):
        told[label] = replace(told[label], **fields)
    grid = table(*told, ADOPTED, *([weighing] if weighing else []))
    event = decided(NEAR, grid)
    assert isinstance(event, RequestRouted)
    return event


DEAR, CHEAP = {"cost": 0.01, "latency_ms": 10}, {"cost": 0.001, "latency_ms": 900}
LIKELIEST, OTHER = (routed(None).capability, routed(None).runner_up)


def ordered(one: dict[str, Any], other: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the second and third take, such that the likeliest takes the first."""
    return (one, other) if name_of(1) == LIKELIEST else (other, one)


def test_without_a_policy_what_it_takes_decides_nothing() -> None:
    assert {LIKELIEST, OTHER} == {name_of(1), name_of(2)}
    assert routed(None, *ordered(DEAR, CHEAP)).capability == LIKELIEST
    assert routed(policy(Weigh.NOTHING), *ordered(DEAR, CHEAP)).capability == LIKELIEST


def test_of_two_about_as_likely_the_cheaper_is_chosen_and_the_reason_says_so() -> None:
    event = routed(policy(), *ordered(DEAR, CHEAP))
    assert (event.capability, event.runner_up) == (OTHER, LIKELIEST)
    assert "takes less cost" in event.reason
    assert event.confidence == routed(None).confidence


def test_latency_is_weighed_where_latency_is_asked_for() -> None:
    assert routed(policy(Weigh.LATENCY), *ordered(DEAR, CHEAP)).capability == LIKELIEST
    assert routed(policy(Weigh.LATENCY), *ordered(CHEAP, DEAR)).capability == OTHER


@pytest.mark.parametrize(
    ("weighing", "takes"),
    [
        (policy(within=0.0), (DEAR, CHEAP)),
        (policy(), (CHEAP, DEAR)),
        (policy(), (DEAR, DEAR)),
        (policy(), (DEAR, {})),
        (policy(), ({}, CHEAP)),
    ],
    ids=["clearly likelier", "dearer", "as dear", "unknown", "own unknown"],
)
def test_otherwise_the_likeliest_is_chosen(
    weighing: PolicyAdopted, takes: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    assert routed(weighing, *ordered(*takes)).capability == LIKELIEST


def test_what_is_weighed_and_what_it_takes_are_part_of_the_tables_version() -> None:
    plain = table(*CAPABILITIES)
    dearer = table(*CAPABILITIES[1:], replace(CAPABILITIES[0], cost=1.0))
    versions = {plain.version, dearer.version, *(
        adopt(plain, policy(weigh, within)).version for weigh in Weigh for within in (0.1, 0.2)
    )}  # fmt: skip
    assert len(versions) == 8
