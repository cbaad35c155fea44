"""The routing table: what is in force, in whatever order its facts came."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.classifier.training import version_of
from processors.router.table import JUDGES_MAX, Table, adopt
from streams.events.sessions import (
    CapabilityDropped,
    PolicyAdopted,
    RouterAdopted,
)
from streams.events.tuning import Unsure
from streams.ids import CapabilityId
from streams.plain import form_of, hash_of
from tests.unit.processors.meanings import (
    name_of,
    trained,
    vector,
)
from tests.unit.processors.router.routed import (
    ADOPTED,
    CAPABILITIES,
    LABELS,
    TAUGHT,
    capability,
    decided,
    like,
    perceived,
    received,
    table,
)


def test_a_later_version_replaces_and_an_older_changes_nothing() -> None:
    grid = table(capability(0), capability(0, 2))
    assert adopt(grid, capability(0)) == grid
    assert grid.version != table(capability(0)).version


@given(st.permutations(range(LABELS + 2)))
@settings(max_examples=25, deadline=None)
def test_the_table_is_the_same_in_whatever_order_its_facts_came(order: list[int]) -> None:
    facts = [*CAPABILITIES, ADOPTED, PolicyAdopted(unsure=Unsure.ASK, threshold=0.4)]
    grid = table(*(facts[at] for at in order))
    assert grid == table(*facts)
    assert hash_of(Table, [("", grid)]) == hash_of(Table, [("", table(*facts))])


def test_a_table_comes_back_from_a_snapshot_as_it_was() -> None:
    form = form_of(Table)
    assert form.load(form.dump(TAUGHT)) == TAUGHT


def test_new_weights_change_later_decisions_and_the_version_they_name() -> None:
    other = trained(LABELS, 3)
    grid = adopt(TAUGHT, RouterAdopted(version=version_of(other), weights=other))
    assert grid.version != TAUGHT.version
    assert decided(perceived(like(3)), grid).router_version == grid.version
    back = adopt(grid, ADOPTED)
    assert back == TAUGHT
    assert decided(perceived(like(3)), back) == decided(perceived(like(3)), TAUGHT)


def test_a_capability_that_registers_later_is_used_from_the_next_request_on() -> None:
    newcomer = capability(LABELS)
    assert decided(perceived(like(LABELS))).capability != name_of(LABELS)
    assert decided(perceived(like(LABELS)), adopt(TAUGHT, newcomer)).capability == name_of(LABELS)


@pytest.mark.parametrize("late", [False, True], ids=["in order", "understood late"])
def test_a_dropped_capability_is_routed_to_no_more_until_a_later_version(late: bool) -> None:
    dropped, known = (
        CapabilityDropped(capability=CapabilityId(name_of(3)), version=2),
        capability(3),
    )
    facts = (dropped, known) if late else (known, dropped)
    grid = table(*[c for c in CAPABILITIES if c != known], ADOPTED, *facts)
    assert decided(perceived(like(3)), grid).capability != name_of(3)
    assert decided(received(name_of(3)), grid).reason == "model_not_found"
    assert name_of(3) not in grid.names()
    back = adopt(grid, capability(3, version=3))
    assert decided(perceived(like(3)), back).capability == name_of(3)


def test_weights_without_their_capability_route_nothing_there() -> None:
    grid = table(*CAPABILITIES[1:], ADOPTED)
    assert decided(perceived(like(0)), grid).capability != name_of(0)


def test_a_capability_whose_vectors_cancel_each_other_is_not_adopted() -> None:
    wrong = replace(capability(0), vectors=(vector([1.0]), vector([-1.0])))
    assert table(wrong).names() == []


def test_tables_that_left_the_cache_decide_as_before() -> None:
    expected = decided(perceived(like(3)))
    for version in range(2, JUDGES_MAX + 3):
        decided(perceived(like(3)), adopt(TAUGHT, capability(0, version)))
    assert decided(perceived(like(3))) == expected
