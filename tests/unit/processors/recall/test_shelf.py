"""A shelf says the same in whatever order memories were put and removed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.recall.question import taken_apart
from processors.recall.shelf import NOBODY, Shelf, Standing
from processors.recall.wording import weighed, wording
from streams.ids import MemoryId
from tests.unit.processors.recall.shelves import content

TEXTS = ["tea at four", "coffee at five", "tea again", "no", "four teas", "five", "at last"]


def shelf_of(order: list[int], gone: set[int], sources: list[int]) -> Shelf:
    shelf = Shelf()
    for place in order:
        said = content(TEXTS[place], "Ada", uri=f"session:{sources[place]}#{place}")
        shelf.put(MemoryId(str(place)), said, Standing(place, place, None))
    for place in gone:
        shelf.remove(MemoryId(str(place)))
    return shelf


def neighbours(shelf: Shelf) -> dict[str, list[str | None]]:
    """Return by id whom each memory has before and after it."""
    columns = shelf.columns()
    return {
        shelf.ids[row]: [
            None if near == NOBODY else shelf.ids[near]
            for near in (columns.prev[row], columns.next[row])
        ]
        for row in range(len(shelf.ids))
        if columns.live[row]
    }


def scores(shelf: Shelf) -> dict[str, tuple[float, float]]:
    terms = weighed(taken_apart("tea at five", {}), [shelf])
    found = wording(terms, shelf, shelf.columns(), np.arange(len(shelf.ids)))
    return {
        shelf.ids[row]: (found.alone[row], found.window[row])
        for row in range(len(shelf.ids))
        if shelf.columns().live[row]
    }


@given(
    order=st.permutations(range(7)),
    gone=st.sets(st.integers(0, 6), max_size=4),
    sources=st.lists(st.integers(0, 1), min_size=7, max_size=7),
)
def test_neither_order_nor_detours_change_a_shelf(
    order: list[int], gone: set[int], sources: list[int]
) -> None:
    wanted = shelf_of([place for place in range(7) if place not in gone], set(), sources)
    found = shelf_of(order, gone, sources)
    assert neighbours(found) == neighbours(wanted)
    assert scores(found) == scores(wanted)


def test_neighbours_are_of_one_source() -> None:
    shelf = shelf_of([0, 1, 2], set(), [0, 1, 0, 0, 0, 0, 0])
    assert neighbours(shelf) == {"0": [None, "2"], "1": [None, None], "2": ["0", None]}


def test_a_window_finds_what_its_neighbours_say() -> None:
    shelf = shelf_of([2, 3, 4, 5], set(), [0] * 7)
    found = scores(shelf)
    assert found["3"][0] == 0
    assert found["3"][1] > 0


def test_putting_and_removing_twice_changes_nothing() -> None:
    shelf = shelf_of([0, 1, 2], {1}, [0] * 7)
    before = neighbours(shelf)
    shelf.remove(MemoryId("1"))
    shelf.put(MemoryId("0"), content("other"), Standing(9, 9, None))
    assert neighbours(shelf) == before
    assert len(shelf) == 2


def test_a_name_that_is_asked_about_is_no_topic() -> None:
    shelf = shelf_of([0, 3], set(), [0, 1, 1, 1, 1, 1, 1])
    terms = weighed(taken_apart("What about Ada and tea?", shelf.speakers), [shelf])
    found = wording(terms, shelf, shelf.columns(), np.arange(2))
    assert found.alone[0] > 0
    assert found.alone[1] == 0
    assert found.window[1] > 0
