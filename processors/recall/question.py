"""A question taken apart: its terms, the dates and the speakers it names, and it without them."""

from collections.abc import Mapping
from typing import NamedTuple

from processors.recall.dates import Dates, dates_in
from processors.recall.lexical import terms, words

#: Speakers that are no names: a question that says "user" means any.
ROLES = frozenset({"user", "assistant", "system", "developer", "tool", "function"})


class Question(NamedTuple):
    """`nameless` is the text without the speakers it names, `topic` the terms of that."""

    text: str
    terms: tuple[str, ...]
    nameless: str
    topic: tuple[str, ...]
    names: frozenset[str]
    dates: Dates


def taken_apart(text: str, speakers: Mapping[str, int]) -> Question:
    """Return the parts of a question to what these speakers may have said."""
    named = [speaker for speaker in speakers if speaker.casefold() not in ROLES]
    names = _named(text, {word for speaker in named for word in words(speaker)})
    nameless = " ".join(_without(text, names).split()) if names else text
    return Question(
        text=text,
        terms=_once(terms(text)),
        nameless=nameless,
        topic=_once(terms(nameless)),
        names=names,
        dates=dates_in(text),
    )


def _named(text: str, names: set[str]) -> frozenset[str]:
    """Return the words of names that a text holds as they are written.

    Case counts ("will Will come?"), save in a text without capitals.
    """
    said = set(words(text))
    if text == text.lower():
        return frozenset(name for name in names if name.lower() in said)
    return frozenset(names & said)


def _without(text: str, names: frozenset[str]) -> str:
    """Take names out, with the ending that marks what is theirs."""
    left, marked = [], names
    if text == text.lower():
        marked = frozenset(name.lower() for name in names)
    for part in text.split(" "):
        bare = part.strip("\"'\u2018\u2019\u201c\u201d.,;:!?()")
        owner = bare.removesuffix("'s").removesuffix("\u2019s")
        if owner in marked:
            part = part.replace(bare, "")
        left.append(part)
    return " ".join(left)


def _once(said: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said))
