"""Texts as terms, in several scripts."""

import pytest

from processors.recall.lexical import asks, counts, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Painting, painted; PAINTER's", ["paint", "paint", "paint", "s"]),
        ("Straße STRASSE", ["stras", "stras"]),
        ("Ich arbeitete an den Arbeiten", ["ich", "arbei", "an", "den", "arbei"]),
        ("Работа работает", ["работ", "работ"]),
        ("東京都", ["東京", "京都"]),
        ("我住在Berlin。", ["我住", "住在", "berli"]),
        ("猫", ["猫"]),
        ("हिन्दी भाषा।", ["हिन्द", "भाषा"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("ශ්\u200dරී", ["ශ්\u200dරී"]),
        ("كِتَابٌ", ["كِتَا"]),
        ("q\u0303a b", ["q\u0303a", "b"]),  # no letter is composed of these
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("가나다 \u1112\u1161\u11ab글", ["가나다", "한글"]),
        ("\ufb01rst \uff11\uff12\uff13", ["first", "123"]),  # a ligature, wide digits
        ("snake_case", ["snake", "case"]),
        ("… --- !!!", []),
    ],
)
def test_terms_are_the_beginnings_of_words_or_pairs(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize("text", ["Really?", "本当ですか\uff1f", "Really? :)", "هل هذا صحيح؟"])
def test_a_question_is_known_by_its_mark(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", ["Really.", "Is it? I think so.", ""])
def test_what_goes_on_after_its_mark_is_no_question(text: str) -> None:
    assert not asks(text)


def test_digits_of_any_script_count() -> None:
    assert counts("at 4")
    assert counts("٤")
    assert not counts("at four")
