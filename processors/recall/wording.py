"""How well memories match a question's words: BM25, of each alone and of it with its neighbours.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). How rare a
term is, and how long memories are, is counted over all scopes that are asked, and no others.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processors.recall.question import Question
from processors.recall.shelf import NOBODY, Columns, Floats, Rows, Shelf

K1, B = 1.2, 0.75
#: Where rows are chosen by their words, terms that more than this share of all memories say are
#: left out, save the rarest: they would bring up everything. They count in every score.
COMMON = 0.1
RAREST = 3


class Wording(NamedTuple):
    """Per row of one shelf: BM25 of the memory for the topic, of its window for all terms."""

    alone: Floats
    window: Floats


class Terms(NamedTuple):
    """A question's terms, the rarest first, with their rarity over some shelves."""

    rarities: list[tuple[str, float]]
    choosing: list[tuple[str, float]]
    topic: frozenset[str]
    length: float
    window_length: float


def weighed(question: Question, shelves: Sequence[Shelf]) -> Terms:
    """Count how rare a question's terms are."""
    size = sum(map(len, shelves))
    found = []
    for term in question.terms:
        often = sum(len(shelf.postings(term)[0]) for shelf in shelves)
        if often:
            found.append((often, term))
    rarities = [
        (term, math.log(1 + (size - often + 0.5) / (often + 0.5))) for often, term in sorted(found)
    ]
    rare = sum(often <= COMMON * size for often, _ in found)
    lengths = [sum(s.columns().lengths[wide] for s in shelves) / max(1, size) for wide in (0, 1)]
    return Terms(
        rarities=rarities,
        choosing=rarities[: max(RAREST, rare)],
        topic=frozenset(question.topic),
        length=max(1.0, lengths[0]),
        window_length=max(1.0, lengths[1]),
    )


def best_worded(terms: Terms, shelf: Shelf, count: int) -> Rows:
    """Return the rows whose windows match best; of equals at the end, all."""
    columns, scores = shelf.columns(), np.zeros(shelf.width)
    for term, rarity in terms.choosing:
        rows, times = shelf.postings(term)
        prev, after = columns.prev[rows], columns.next[rows]
        told = np.zeros(shelf.width)
        for window in (rows, prev, after):  # no row is there twice, but nobody's
            told[window] += times
        near = np.concatenate((rows, prev, after))
        weight = _weight(told[near], columns.window_length[near], terms.window_length)
        scores[near] = scores[near] + rarity * weight
    found = np.flatnonzero(scores[:-1] > 0)
    if len(found) <= count:
        return found
    least = np.partition(scores[found], -count)[-count]
    most: Rows = found[scores[found] >= least]
    return most


def wording(terms: Terms, shelf: Shelf, columns: Columns, rows: Rows) -> Wording:
    """Score some rows: their windows, and they and their neighbours alone."""
    found = Wording(np.zeros(len(columns.place)), np.zeros(len(columns.place)))
    prev, after = columns.prev[rows], columns.next[rows]
    near = np.unique(np.concatenate((rows, prev, after, [NOBODY])))
    at = [np.searchsorted(near, some) for some in (rows, prev, after)]
    for term, rarity in terms.rarities:
        said = _times(shelf, term, near)
        if term in terms.topic:
            alone = _weight(said, columns.length[near], terms.length)
            found.alone[near] += rarity * alone
        told = said[at[0]] + said[at[1]] + said[at[2]]
        weight = _weight(told, columns.window_length[rows], terms.window_length)
        found.window[rows] += rarity * weight
    return found


def _times(shelf: Shelf, term: str, rows: Rows) -> Floats:
    """Return how often each of some rows says a term; postings are in the order of rows."""
    saying, times = shelf.postings(term)
    if not len(saying):
        return np.zeros(len(rows))
    at = np.minimum(np.searchsorted(saying, rows), len(saying) - 1)
    return np.where(saying[at] == rows, times[at], 0.0)


def _weight(times: Floats, length: Floats, average: float) -> Floats:
    return times * (K1 + 1) / (times + K1 * (1 - B + B * length / average))
