"""The plain form of every event and state, and the hash of what is the same."""

from array import array
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from streams.events import memory as m
from streams.events import sessions as s
from streams.io.schemas import event_classes
from streams.plain import SAME, form_of, hash_of, shape_of, text_of
from streams.pmap import PMap


@dataclass(frozen=True, slots=True)
class Small:
    """Every sort of field there may be."""

    kind: m.Kind
    pair: tuple[int, str]
    many: tuple[bytes, ...]
    maybe: m.Content | None
    known: PMap[tuple[str, ...]]


SMALLS = st.builds(
    Small,
    st.sampled_from(m.Kind),
    st.tuples(st.integers(), st.text()),
    st.lists(st.binary()).map(tuple),
    st.none(),
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.lists(st.text()).map(tuple)).map(
        PMap
    ),
)


@forall(SMALLS)
def test_a_value_comes_back_as_it_was(value: Small) -> None:
    form = form_of(Small)
    assert form.load(form.dump(value)) == value


@forall(SMALLS)
def test_bytes_stay_bytes_for_a_format_that_has_them(value: Small) -> None:
    form = form_of(Small, SAME)
    assert form.dump(value)["many"] == list(value.many)
    assert form.load(form.dump(value)) == value


@pytest.mark.parametrize("kind", event_classes())
def test_every_event_has_a_plain_form(kind: type) -> None:
    form_of(kind)


@pytest.mark.parametrize("kind", [dict[str, int], set, array, list[int], Any, int | str])
def test_what_may_hold_anything_has_none(kind: Any) -> None:
    with pytest.raises(TypeError, match="no plain form"):
        form_of(kind)


def test_a_shape_names_every_field_and_kind() -> None:
    content = shape_of(m.Content)
    assert content.startswith("{kind:enum,text:str,")
    told = (
        f"{{kind:enum,pair:tuple[int,str],many:tuple[bytes,...],maybe:optional[{content},NoneType],"
    )
    assert shape_of(Small) == told + "known:PMap[tuple[str,...]]}"


def test_text_is_canonical() -> None:
    assert text_of({"b": [1, None, True], "a": "größe"}) == '{"a":"größe","b":[1,null,true]}'
    with pytest.raises(ValueError, match="Out of range float"):
        text_of(float("nan"))


def test_a_hash_tells_states_and_keys_apart_and_not_their_order() -> None:
    hashed = hash_of(int, [("a", 1), ("b", 2)])
    assert hashed == hash_of(int, [("b", 2), ("a", 1)])
    assert len({hashed, hash_of(int, [("a", 2), ("b", 1)]), hash_of(int, [("a", 1)])}) == 3
    assert hash_of(s.Options, []) == hash_of(int, [])
