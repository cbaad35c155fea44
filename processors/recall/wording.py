"""How well memories match a question's words: BM25, of each alone and of it with its neighbours.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). How rare a
term is, and how long memories are, is counted over all scopes that are asked, and no others.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processors.recall.question import Question
from processors.recall.shelf import Floats, Shelf

K1, B = 1.2, 0.75


class Wording(NamedTuple):
    """Per row of one shelf: BM25 of the memory for the topic, of its window for all terms."""

    alone: Floats
    window: Floats


def wordings(question: Question, shelves: Sequence[Shelf]) -> list[Wording]:
    """Return how well each shelf's rows match."""
    found = [Wording(np.zeros(s.width), np.zeros(s.width)) for s in shelves]
    count = sum(map(len, shelves))
    if count == 0:
        return found
    topic, short, long = set(question.topic), _average(shelves, 0), _average(shelves, 1)
    for term in question.terms:
        postings = [shelf.postings(term) for shelf in shelves]
        often = sum(len(rows) for rows, _ in postings)
        rarity = math.log(1 + (count - often + 0.5) / (often + 0.5))
        for shelf, wording, (rows, times) in zip(shelves, found, postings, strict=True):
            if not len(rows):
                continue
            columns = shelf.columns()
            said = np.zeros(shelf.width)
            said[rows] = times
            if term in topic:
                wording.alone[rows] += rarity * _weight(times, columns.length[rows], short)
            near = np.concatenate((rows, columns.prev[rows], columns.next[rows]))
            told = said[near] + said[columns.prev[near]] + said[columns.next[near]]
            weight = _weight(told, columns.window_length[near], long)
            wording.window[near] = wording.window[near] + rarity * weight
    for _, window in found:
        window[-1] = 0.0
    return found


def _weight(times: Floats, length: Floats, average: float) -> Floats:
    return times * (K1 + 1) / (times + K1 * (1 - B + B * length / average))


def _average(shelves: Sequence[Shelf], wide: int) -> float:
    total = sum(float(shelf.lengths[wide]) for shelf in shelves)
    return max(1.0, total / max(1, sum(map(len, shelves))))
