"""Scopes: what may be named, and that no name reaches a scope of another kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scopes import GRID, Owner, can_name, is_scope, scope_of


@pytest.mark.parametrize("name", ["a", "ä" * 200, "Ada's chat", "👩‍👩‍👧", "a@b", "session:ada"])
def test_almost_anything_is_a_name(name: str) -> None:
    assert can_name(name)
    assert all(is_scope(scope_of(owner, name)) for owner in Owner)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 201, "@grid", " a", "a ", "a\r\nset-cookie: b", "a\0", "a\x7f", "a\x85b", "\ud800"],
)
def test_what_no_header_can_hold_is_no_name(name: str) -> None:
    assert not can_name(name)
    assert not any(is_scope(f"{owner}:{name}") for owner in Owner)


@pytest.mark.parametrize(
    "text",
    [
        *("", "grid ", "Grid", "grid:", "grid:ada", "everybody", "@grid", ":ada", "node:ada"),
        *("user", "user:", "User:ada", " user:ada", "user;ada", "user\0:ada"),
        *("u\u0455er:ada", "user\uff1aada"),
    ],
)
def test_what_nobody_could_recall_from_is_no_scope(text: str) -> None:
    assert not is_scope(text)


@given(st.sampled_from(Owner), st.text(), st.sampled_from(Owner), st.text())
def test_two_scopes_are_the_same_only_if_owner_and_name_are(
    owner: Owner, name: str, other: Owner, others_name: str
) -> None:
    same = (owner, name) == (other, others_name)
    assert (scope_of(owner, name) == scope_of(other, others_name)) is same
    assert scope_of(owner, name) != GRID
