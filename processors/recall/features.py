"""What speaks for a memory, as one row of numbers: the language that learned weights are in.

Only numbers: who asks for a ranking need not hold a text, and no feature knows a language's words.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.recall.dates import shared
from processors.recall.lexical import words
from processors.recall.question import Question
from processors.recall.shelf import Columns, Floats, Rows, Shelf
from processors.recall.wording import Wording

#: In the order of the columns. The first three and `speaker` carry most; `before` and `after` are
#: the neighbours'; `answers` says that the memory before it asks.
FEATURES = (
    "meaning",
    "meaning_nameless",
    "wording_window",
    "speaker",
    "date",
    "asks",
    "meaning_before",
    "meaning_after",
    "wording",
    "wording_before",
    "wording_after",
    "length",
    "answers",
    "counts",
)


class Pool(NamedTuple):
    """Candidates of one shelf as it was: rows, and per row the cosines to the question.

    `meaning` and `nameless` are NaN where a memory has no vector of this encoder.
    """

    shelf: Shelf
    columns: Columns
    wording: Wording
    rows: Rows
    meaning: Floats
    nameless: Floats


def features(question: Question, pool: Pool) -> npt.NDArray[np.float64]:
    """Return float64[rows, FEATURES] for the candidates of a shelf."""
    shelf, rows, columns = pool.shelf, pool.rows, pool.columns
    prev, after = columns.prev[rows], columns.next[rows]
    before, later = (np.nan_to_num(pool.nameless[near], nan=0.0) for near in (prev, after))
    alone = pool.wording.alone
    named = [
        code
        for speaker, code in shelf.speakers.items()
        if question.names and not question.names.isdisjoint(words(speaker))
    ]
    return np.column_stack(
        (
            _filled(pool.meaning[rows]),
            _filled(pool.nameless[rows]),
            pool.wording.window[rows],
            np.isin(columns.speaker[rows], named),
            shared(question.dates, columns.since_ms[rows]) if question.dates else _none(rows),
            columns.asks[rows],
            before,
            later,
            alone[rows],
            alone[prev],
            alone[after],
            np.log1p(columns.length[rows]),
            columns.asks[prev],
            columns.counts[rows],
        )
    )


def standardised(rows: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Return the candidates of all shelves together, as z-scores; a constant feature is 0."""
    together = np.concatenate(rows)
    spread = together.std(axis=0)
    spread[spread < 1e-9] = np.inf
    scores: npt.NDArray[np.float64] = (together - together.mean(axis=0)) / spread
    return scores


def _filled(cosines: Floats) -> Floats:
    """Put the mean where a memory has no vector: nothing then speaks for or against it."""
    missing = np.isnan(cosines)
    if not missing.any():
        return cosines
    mean = 0.0 if missing.all() else float(cosines[~missing].mean())
    return np.where(missing, mean, cosines)


def _none(rows: Rows) -> Floats:
    return np.zeros(len(rows))
