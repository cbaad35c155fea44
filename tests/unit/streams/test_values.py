"""Values made fast are the values that their classes make."""

from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.values import changer, maker, twin_of


@dataclass(frozen=True, slots=True)
class Place:
    """A value with a default."""

    name: str
    at: int = 7


make, change = maker(Place), changer(Place)


@given(st.text(), st.integers())
def test_what_is_made_fast_equals_what_the_constructor_makes(name: str, at: int) -> None:
    made, proper = make(name, at), Place(name, at)
    assert type(made) is Place
    assert (made, hash(made), repr(made)) == (proper, hash(proper), repr(proper))


def test_a_default_is_the_same() -> None:
    assert make("a") == Place("a") == make(name="a", at=7)


@given(st.text(), st.integers(), st.dictionaries(st.sampled_from(["name", "at"]), st.none()))
def test_what_is_changed_fast_equals_what_replace_makes(
    name: str, at: int, changes: dict[str, Any]
) -> None:
    place = Place(name, at)
    assert change(place, **changes) == replace(place, **changes)
    assert place == Place(name, at)


def test_what_is_made_fast_is_as_frozen_as_any_other() -> None:
    with pytest.raises(FrozenInstanceError):
        make("a").name = "b"  # type: ignore[misc]


@pytest.mark.parametrize("given", [{}, {"name": "a", "other": 1}])
def test_a_field_too_few_or_too_many_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        make(**given)


def test_a_class_that_would_be_made_otherwise_is_refused() -> None:
    @dataclass(frozen=True)
    class Loose:
        name: str

    @dataclass(frozen=True, slots=True)
    class Careful:
        name: str

        def __post_init__(self) -> None:
            raise ValueError

    @dataclass(frozen=True, slots=True)
    class Fresh:
        names: list[str] = field(default_factory=list)

    for kind in (Loose, Careful):
        with pytest.raises(TypeError):
            twin_of(kind)
    with pytest.raises(TypeError, match="anew"):
        maker(Fresh)
