"""What of the recalled passages a model is told."""

from hypothesis import given
from hypothesis import strategies as st

from processors.models.packing import packed, tokens
from streams.events.sessions import Passage
from streams.ids import MemoryId


def passage(text: str, name: str = "m") -> Passage:
    return Passage(memory_id=MemoryId(name), text=text, score=0.5, title="t", uri="u", section="s")


LONG = passage("word " * 200)
TEA = passage("Tea is at four in the small kitchen")


def test_what_fits_is_told_in_its_order() -> None:
    some = [passage("one"), passage("two"), passage("three")]
    assert packed(some, 1_000) == tuple(some)


def test_the_best_is_told_even_if_it_does_not_fit() -> None:
    assert packed([LONG, TEA], 10) == (LONG,)


def test_a_shorter_one_may_follow_what_does_not_fit() -> None:
    assert packed([TEA, LONG, passage("short")], 60) == (TEA, passage("short"))


def test_what_is_told_already_is_not_told_again() -> None:
    again = passage("  TEA is at four, in the small kitchen!", "other")
    part = passage("at four in the small kitchen")
    assert packed([TEA, again, part], 1_000) == (TEA,)


def test_what_adds_something_is_told() -> None:
    more = passage("Tea is at four in the large hall where the piano stands")
    assert packed([TEA, more], 1_000) == (TEA, more)


def test_what_the_grid_repeated_gives_way_to_its_source() -> None:
    echo = passage("assistant: Tea is at four in the small kitchen [1]")
    assert packed([echo, TEA], 1_000) == (TEA,)


def test_what_the_grid_alone_said_is_told_in_its_place() -> None:
    said = passage("assistant: I would take the train")
    assert packed([said, TEA], 1_000) == (said, TEA)


@given(st.lists(st.text(max_size=40), max_size=8), st.integers(0, 60))
def test_a_pack_never_exceeds_its_budget_nor_repeats_itself(texts: list[str], budget: int) -> None:
    pack = packed([passage(text) for text in texts], budget)
    assert pack == packed(pack, budget)
    assert sum(tokens(p.text) + 12 for p in pack[1:]) <= budget
    assert bool(pack) == bool(texts)


def test_characters_that_take_more_bytes_take_more_tokens() -> None:
    assert tokens("") == 0
    assert tokens("four") == 1
    assert tokens("東京都庁") == 3
