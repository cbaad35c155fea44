"""A question taken apart once, so that every piece is compared with the same parts."""

from dataclasses import dataclass

from .expectation import asked
from .words import EMPTY, stem, stems, words


@dataclass(frozen=True, slots=True)
class Question:
    """`terms` are the stems that carry meaning; `names` those that look like names or numbers."""

    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    known: frozenset[str]
    kind: str


def taken_apart(text: str) -> Question:
    """The parts of a question; it may have no terms at all ("Hello!")."""
    return Question(
        text=text,
        terms=tuple(dict.fromkeys(stems(text))),
        names=frozenset(_names(text)),
        known=frozenset(word.lower() for word in words(text)),
        kind=asked(text),
    )


def _names(text: str) -> list[str]:
    found = words(text)
    return [
        stem(word.lower())
        for place, word in enumerate(found)
        if word.lower() not in EMPTY and _is_name(word, first=place == 0)
    ]


def _is_name(word: str, *, first: bool) -> bool:
    inner = any(letter.isupper() or letter.isdigit() for letter in word[1:])
    return inner or word[0].isdigit() or (word[0].isupper() and not first)
