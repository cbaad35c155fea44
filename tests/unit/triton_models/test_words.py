"""Words are the same word whatever their inflection."""

import pytest

from tests.unit.triton_models.loading import load

words = load("extractive", "words")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("install", "installing"),
        ("installs", "installed"),
        ("stop", "stopped"),
        ("city", "cities"),
        ("cause", "causes"),
        ("dog's", "dog"),
        ("class", "classes"),
    ],
)
def test_inflected_words_agree(one: str, other: str) -> None:
    assert words.stem(one) == words.stem(other)


@pytest.mark.parametrize("word", ["gas", "bus", "red", "ring", "es", "s", ""])
def test_short_words_stay(word: str) -> None:
    assert words.stem(word) in {word, word.removesuffix("s")}


def test_words_that_say_nothing_are_left_out() -> None:
    assert words.stems("What is the name of the ship's 3.5 guns?") == ["nam", "ship", "3.5", "gun"]


def test_likeness_grows_with_the_common_beginning() -> None:
    assert words.likeness("encrypt", "encrypt") == 1.0
    assert 0.6 < words.likeness("encrypt", "encryption") < 1.0
    assert words.likeness("cat", "catalogue") == 0.0
    assert words.likeness("", "") == 1.0
