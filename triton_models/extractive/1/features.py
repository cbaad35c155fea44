"""What speaks for and against a piece as the answer: one row of numbers a piece.

Everything but `meaning` is counted in words, so it costs no model; see weights.py for their use.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .expectation import offered
from .passages import Piece
from .question import Question
from .words import likeness, stems, words

Floats = npt.NDArray[np.float64]

# How much a term counts that is found not in the piece but in what stands above it.
_IN_HEADING, _IN_BEFORE = 0.9, 0.6
_FIRST_PERSON = re.compile(r"(?:i|me|my|mine|myself|we|us|our|ours)\b")
_SECOND_PERSON = re.compile(r"you(?:r|rs|rself)?\b")


class Wording:
    """The words of all pieces (one or more), compared once with the question's (one or more)."""

    def __init__(
        self, question: Question, passages: Sequence[str], pieces: Sequence[Piece]
    ) -> None:
        self._question, self._pieces = question, pieces
        self._texts = [frozenset(stems(piece.text)) for piece in pieces]
        self._heads = [
            frozenset(stems(f"{piece.block.heading} {piece.block.speaker}")) for piece in pieces
        ]
        self._befores = [frozenset(stems(piece.before)) for piece in pieces]
        self._passages = [frozenset(stems(passage)) for passage in passages]
        vocabulary = frozenset().union(*self._passages, *self._heads)
        self._like = {term: _alike(term, vocabulary) for term in question.terms}
        self._speakers = frozenset(_speaker(piece) for piece in pieces) - {""}

    def rows(self) -> Floats:
        """float64[pieces, 6]: words, kind_met, kind_asked, terms, names_missing, of_another."""
        every = range(len(self._pieces))
        found = np.array([[self._found(term, at) for term in self._question.terms] for at in every])
        rare = _rarity(found)
        covered = (found * rare).sum(axis=1) / rare.sum()
        return np.column_stack([covered, np.array([self._row(at) for at in every])])

    def _row(self, at: int) -> list[float]:
        piece, question = self._pieces[at], self._question
        return [
            offered(question.kind, piece.text, question.known),
            float(bool(question.kind)),
            float(min(len(question.terms), 6)),
            float(min(sum(self._missing(name, at) for name in question.names), 3)),
            float(self._of_another(piece)),
        ]

    def _found(self, term: str, at: int) -> float:
        like = self._like[term]
        return max(
            _best(like, self._texts[at]),
            _IN_HEADING * _best(like, self._heads[at]),
            _IN_BEFORE * _best(like, self._befores[at]),
        )

    def _missing(self, name: str, at: int) -> bool:
        like = self._like.get(name, {})
        passage = self._passages[self._pieces[at].passage]
        return not _best(like, passage) and not _best(like, self._heads[at])

    def _of_another(self, piece: Piece) -> bool:
        """In a chat: the question is about one speaker, and another talks of "I", not of "you"."""
        about = self._speakers & {word.removesuffix("'s") for word in self._question.known}
        if not about or not _speaker(piece) or _speaker(piece) in about:
            return False
        said = [word.lower() for word in words(piece.text)]
        of_you = any(_SECOND_PERSON.match(word) or word in about for word in said)
        return not of_you and any(_FIRST_PERSON.match(word) for word in said)


def _speaker(piece: Piece) -> str:
    return piece.block.speaker.lower()


def _alike(term: str, vocabulary: frozenset[str]) -> dict[str, float]:
    every = ((word, likeness(term, word)) for word in vocabulary)
    return {word: like for word, like in every if like}


def _best(like: dict[str, float], text: frozenset[str]) -> float:
    return max((value for word, value in like.items() if word in text), default=0.0)


def _rarity(found: Floats) -> Floats:
    """The weight of each term: 1 if no piece has it, less the more have it."""
    pieces = len(found)
    having = (found > 0).sum(axis=0)
    weights: Floats = np.log((pieces + 1) / (having + 0.5)) / math.log((pieces + 1) / 0.5)
    return weights
