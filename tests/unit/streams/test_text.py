"""Text that UTF-8 can write."""

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from streams.text import is_wellformed, wellformed


@forall(st.text(st.characters()))
def test_every_text_can_be_made_to_be_written(text: str) -> None:
    made = wellformed(text)
    assert made.encode().decode() == made
    assert is_wellformed(made)
    assert wellformed(made) == made


@forall(st.text(st.characters(codec="utf-8")))
def test_text_without_surrogates_stays_as_it_is(text: str) -> None:
    assert wellformed(text) == text


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("\ud83d\uddfc", "🗼"),
        ("a\ud83d", "a\ufffd"),
        ("\udc00b", "\ufffdb"),
        ("\ud83dx\uddfc", "\ufffdx\ufffd"),
    ],
)
def test_halves_are_joined_and_strays_replaced(text: str, made: str) -> None:
    assert wellformed(text) == made
    assert not is_wellformed(text)
