"""What of the recalled passages a model is told: the best that fit its budget, each thing once.

The same passages and budget always give the same pack; a citation's number is a place in it.
"""

import re
from collections.abc import Iterable

from streams.events.sessions import Passage

#: The budget of models that set none, in tokens.
TOKENS_MAX = 3_000

#: A passage of which this share is told already says nothing new.
REPEATED = 0.8
_SHINGLE = 3
_BYTES_PER_TOKEN = 4
#: What surrounds a passage in a prompt: its number and heading.
_AROUND_TOKENS = 12

_WORD = re.compile(r"\w+")
_MARK = re.compile(r"\[\d+\]")
#: What the grid said before is evidence only where nothing else is: it repeats what it recalled.
_SAID_BY_THE_GRID = "assistant: "


def packed(passages: Iterable[Passage], tokens_max: int = TOKENS_MAX) -> tuple[Passage, ...]:
    """Return the passages to tell, in their order; the first is told whatever its length."""
    told: list[tuple[int, Passage]] = []
    known: set[str] = set()
    left = tokens_max
    ranked = sorted(enumerate(passages), key=lambda pair: _is_echo(pair[1]))
    for place, passage in ranked:
        says, cost = _shingles(passage.text), tokens(passage.text) + _AROUND_TOKENS
        if _is_told(says, known) or (told and cost > left):
            continue
        told.append((place, passage))
        known |= says
        left -= cost
    return tuple(passage for _, passage in sorted(told, key=lambda pair: pair[0]))


def tokens(text: str) -> int:
    """Return about how many tokens a text has, in any language: models cut by bytes, roughly."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def _is_echo(passage: Passage) -> bool:
    return passage.text.startswith(_SAID_BY_THE_GRID)


def _shingles(text: str) -> frozenset[str]:
    """Return the runs of words that a text is made of; one that is shorter is one run."""
    said = _MARK.sub(" ", text.removeprefix(_SAID_BY_THE_GRID))
    words = _WORD.findall(said.casefold())
    runs = range(max(1, len(words) - _SHINGLE + 1))
    return frozenset(" ".join(words[at : at + _SHINGLE]) for at in runs)


def _is_told(says: frozenset[str], known: set[str]) -> bool:
    return len(says & known) >= REPEATED * len(says)
