"""Rows chosen by their words are those that scoring every row would choose."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.recall.question import taken_apart
from processors.recall.shelf import Shelf, Standing
from processors.recall.wording import best_worded, weighed, wording
from streams.ids import MemoryId
from tests.unit.processors.recall.shelves import content

#: The question has few enough terms that all of them choose.
QUESTION = taken_apart("tea at four", {})
SAYINGS = st.sampled_from(["tea", "tea tea at", "four cups", "at", "coffee", "milk and sugar", "-"])
LINES = st.lists(st.tuples(SAYINGS, st.sampled_from("ab"), st.booleans()), max_size=12)


@given(lines=LINES, count=st.integers(1, 6))
def test_the_best_windows_are_found_without_scoring_every_row(
    lines: list[tuple[str, str, bool]], count: int
) -> None:
    shelf = Shelf()
    for place, (text, source, _) in enumerate(lines):
        standing = Standing(place, 0, None)
        shelf.put(MemoryId(str(place)), content(text, uri=source), standing)
    for place, (_, _, stays) in enumerate(lines):
        if not stays:
            shelf.remove(MemoryId(str(place)))
    terms, columns = weighed(QUESTION, [shelf]), shelf.columns()
    windows = wording(terms, shelf, columns, np.arange(len(shelf.ids))).window[:-1]
    live = np.where(columns.live[:-1], windows, 0.0)
    least = max(sorted(live)[-count:][0] if len(live) >= count else 0.0, 1e-12)
    expected = [row for row, score in enumerate(live) if score >= least]
    assert list(best_worded(terms, shelf, count)) == expected
