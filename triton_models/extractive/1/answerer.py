"""Answers a question with verbatim quotes from passages, or says that they do not answer it.

Pure: the same question, passages and vectors from `embed` give the same quotes, to the last bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Floats, Wording
from .passages import Piece, pieces
from .question import taken_apart
from .weights import BIAS, QUOTED_MIN, WEIGHTS, probability
from .words import stems

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

PASSAGES_MAX = 32
QUOTES_MAX = 3

_QUESTION_CHARACTERS_MAX = 1_000
_PASSAGE_CHARACTERS_MAX = 8_192
_PIECES_MAX = 2_000
# Only the pieces whose words promise most are embedded: it is what an answer's time is spent on.
_EMBEDDED_MAX, _EMBEDDED_CHARACTERS_MAX = 10, 1_000
# A further quote must be nearly as good as the best, and mostly new.
_FURTHER_SHARE = 0.6
_NEW_MIN = 0.5

_BY_WORDING = np.array([weight for name, weight in WEIGHTS.items() if name != "meaning"])


@dataclass(frozen=True, slots=True)
class Quote:
    """`passages[passage][start:end]`, with the probability that it answers the question."""

    passage: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Quotes, best first; `answerable` is the best one's probability, also when it is not given."""

    quotes: tuple[Quote, ...]
    answerable: float


def answer(question: str, passages: Sequence[str], embed: Embed) -> Answer:
    """Up to three quotes that answer `question`, none if `passages` do not.

    Read are the first 1,000 characters of the question, 8,192 of each passage and 2,000 pieces in
    all; `embed` is called at most once. Raises ValueError for more than 32 passages.
    """
    if len(passages) > PASSAGES_MAX:
        raise ValueError(f"{len(passages)} passages given, at most {PASSAGES_MAX} are read")
    asked = taken_apart(question[:_QUESTION_CHARACTERS_MAX])
    read = [passage[:_PASSAGE_CHARACTERS_MAX] for passage in passages]
    found = [piece for piece in pieces(read) if piece.states_something][:_PIECES_MAX]
    if not found or not asked.terms:
        return Answer((), 0.0)
    by_wording = Wording(asked, read, found).rows() @ _BY_WORDING + BIAS
    chosen = _promising(found, by_wording)
    candidates = [found[place] for place in chosen]
    vectors = embed([asked.text, *(piece.in_context for piece in candidates)]).astype(np.float64)
    meaning = (vectors[1:] * vectors[0]).sum(axis=1)
    scores = by_wording[chosen] + WEIGHTS["meaning"] * meaning
    return _quoted(candidates, [probability(float(score)) for score in scores])


def _promising(found: Sequence[Piece], by_wording: Floats) -> list[int]:
    """The places of the pieces worth embedding; between equals the earlier passage wins."""
    chosen: list[int] = []
    characters = 0
    for place in np.argsort(-by_wording, kind="stable").tolist():
        characters += len(found[place].in_context)
        if chosen and characters > _EMBEDDED_CHARACTERS_MAX:
            break
        chosen.append(place)
        if len(chosen) == _EMBEDDED_MAX:
            break
    return chosen


def _quoted(candidates: Sequence[Piece], chances: Sequence[float]) -> Answer:
    order = sorted(range(len(candidates)), key=lambda place: -chances[place])
    best = chances[order[0]]
    quotes: list[Quote] = []
    told: set[str] = set()
    for place in order:
        piece, chance = candidates[place], chances[place]
        if len(quotes) == QUOTES_MAX or chance < max(QUOTED_MIN, _FURTHER_SHARE * best):
            break
        says = set(stems(piece.text))
        if quotes and len(says - told) < _NEW_MIN * len(says):
            continue
        told |= says
        quotes.append(Quote(piece.passage, piece.start, piece.end, chance))
    return Answer(tuple(quotes), best)
