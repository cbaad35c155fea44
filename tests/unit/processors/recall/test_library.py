"""What a question's scopes remember, ranked, over an index that compares everything."""

import asyncio
import random
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.recall.library import Asked, Library, Recalled
from processors.recall.ports import Memory
from processors.recall.ranking import weights
from streams.ids import ScopeId, derived
from tests.unit.processors.recall.shelves import (
    ADA,
    ENCODER,
    GRID,
    PlainIndex,
    bag,
    content,
    encode,
    memory,
)

NOON = 1_000


def asking(text: str, *scopes: ScopeId, now_ms: int = NOON) -> Asked:
    return Asked(text, bag(text), ENCODER, scopes or (GRID,), now_ms)


async def library_of(*memories: Memory) -> Library:
    library = Library(PlainIndex())
    await library.put(memories)
    return library


def texts(found: list[Recalled]) -> list[str]:
    return [recalled.entry.content.text for recalled in found]


async def test_what_shares_meaning_and_words_comes_first() -> None:
    library = await library_of(memory("tea at four", 0), memory("a red car", 5))
    found = await library.recall(asking("when is tea"), encode, 9)
    assert texts(found) == ["tea at four", "a red car"]
    assert found[0].cosine == pytest.approx(1 / 3)


async def test_no_memories_give_nothing() -> None:
    library = await library_of()
    assert await library.recall(asking("when is tea"), encode, 9) == []
    assert await library.recall(Asked("tea", bag("tea"), ENCODER, (), NOON), encode, 9) == []


async def test_who_is_asked_about_is_heard_first() -> None:
    said = [content("I like tea", speaker) for speaker in ("Bob", "Ada")]
    library = await library_of(*(memory(told, place) for place, told in enumerate(said)))
    found = await library.recall(asking("What does Ada like?"), encode, 1)
    assert found[0].entry.content.speaker == "Ada"


async def test_a_date_in_the_question_counts() -> None:
    days = [int(datetime(2023, month, 8, tzinfo=UTC).timestamp() * 1000) for month in (4, 5)]
    said = [content("we met", "Ada", day, f"session:{day}") for day in days]
    library = await library_of(*(memory(told, place) for place, told in enumerate(said)))
    found = await library.recall(asking("Whom did Ada meet in May 2023?"), encode, 1)
    assert found[0].entry.content.said_at_ms == days[1]


async def test_what_has_expired_when_it_is_asked_for_is_not_recalled() -> None:
    library = await library_of(memory("tea", 0, expires_at_ms=NOON))
    assert texts(await library.recall(asking("tea", now_ms=NOON - 1), encode, 9)) == ["tea"]
    assert await library.recall(asking("tea", now_ms=NOON), encode, 9) == []


async def test_a_memory_that_this_encoder_never_saw_is_still_found_by_its_words() -> None:
    other = memory("tea at four", 0)._replace(encoder="older")
    library = await library_of(other, memory("a red car", 1))
    found = await library.recall(asking("tea at four"), encode, 1)
    assert texts(found) == ["tea at four"]


async def test_a_name_that_another_encoder_took_out_is_not_compared() -> None:
    async def none(_: str) -> None:
        return None

    library = await library_of(memory(content("tea", "Ada"), 0))
    assert texts(await library.recall(asking("What about Ada?"), none, 9)) == ["tea"]


async def test_scopes_are_ranked_together_and_nothing_else_is() -> None:
    library = await library_of(
        memory("tea at four", 0), memory("tea at five", 0, ADA), memory("tea", 0, ScopeId("x"))
    )
    both = await library.recall(asking("tea at five", GRID, ADA), encode, 9)
    assert texts(both) == ["tea at five", "tea at four"]
    assert texts(await library.recall(asking("tea at five", ADA), encode, 9)) == ["tea at five"]
    assert await library.recall(asking("tea", ScopeId("user:*")), encode, 9) == []


async def test_what_is_put_or_removed_later_is_known_at_once() -> None:
    late, gone = memory("late tea", 1), memory("tea", 0)
    library = await library_of(gone)
    assert texts(await library.recall(asking("tea"), encode, 9)) == ["tea"]
    await library.put([late])
    await library.remove(GRID, [gone.entry.memory_id])
    await library.put([gone])
    assert texts(await library.recall(asking("tea"), encode, 9)) == ["late tea"]


async def test_a_shelf_that_made_room_for_another_is_loaded_again() -> None:
    library = Library(PlainIndex(), rows_max=1)
    await library.put([memory("tea", 0), memory("coffee", 0, ADA)])
    for scope, text in ((GRID, "tea"), (ADA, "coffee"), (GRID, "tea")):
        assert texts(await library.recall(asking("what", scope), encode, 9)) == [text]


WORDS = ("tea", "coffee", "four", "five", "red", "car", "runs", "late", "ada", "bob")


def many(count: int) -> list[Memory]:
    chance = random.Random(3)
    made = []
    for place in range(count):
        rare = derived(chance.randrange(count))[:5]
        text = " ".join([*chance.choices(WORDS, k=4), rare])
        made.append(memory(content(text, chance.choice(["Ada", "Bob"]), place), place))
    return made


async def ranked_after(batches: list[list[Memory]], ask_between: bool) -> list[tuple[str, float]]:
    library = Library(PlainIndex())
    for batch in batches:
        await library.put(batch)
        if ask_between:
            await library.recall(asking("tea"), encode, 3)
    found = await library.recall(asking("When is the late tea of Ada?"), encode, 20)
    return [(recalled.entry.memory_id, recalled.score) for recalled in found]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.sets(st.integers(1, 39)), between=st.booleans())
def test_neither_order_nor_batches_nor_questions_change_an_answer(
    seed: int, cuts: set[int], between: bool
) -> None:
    memories = many(40)
    wanted = asyncio.run(ranked_after([memories], ask_between=False))
    shuffled = memories[:]
    random.Random(seed).shuffle(shuffled)
    ends = [0, *sorted(cuts), 40]
    batches = [shuffled[a:b] for a, b in pairwise(ends)]
    assert asyncio.run(ranked_after(batches, ask_between=between)) == wanted


@pytest.mark.parametrize("feature", ["meaning", "wording_window"])
async def test_of_many_memories_the_best_by_one_signal_are_in_the_pool(feature: str) -> None:
    asked = asking(f"When is the late tea of Ada {derived(7)[:5]} {derived(8)[:5]}?")
    found = []
    for library in (Library(PlainIndex()), Library(PlainIndex(), whole_max=100, pool_max=60)):
        await library.put(many(300))
        ranked = await library.recall(asked, encode, 5, weights(**{feature: 1.0}))
        found.append(texts(ranked))
    assert found[0] == found[1]


async def test_scopes_that_hold_nothing_take_no_place() -> None:
    library = await library_of(memory("tea", 0))
    await library.warm([ScopeId(f"session:{n}") for n in range(50)] + [GRID])
    assert library.kept == (1, 1)
    await library.put([memory("coffee", 0, ScopeId("session:7"))])
    found = await library.recall(asking("coffee", ScopeId("session:7")), encode, 9)
    assert texts(found) == ["coffee"]
    await library.remove(ScopeId("session:7"), [found[0].entry.memory_id])
    assert library.kept == (1, 1)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "remove", "warm"]), st.integers(0, 3), st.integers(0, 5)),
        max_size=40,
    )
)
def test_what_is_kept_is_counted_as_it_comes_and_goes(steps: list[tuple[str, int, int]]) -> None:
    async def play() -> None:
        library = Library(PlainIndex(), rows_max=2)
        for deed, scope, place in steps:
            one = memory(f"tea {place}", place, ScopeId(f"user:{scope}"))
            if deed == "put":
                await library.put([one])
            elif deed == "remove":
                await library.remove(one.entry.scope, [one.entry.memory_id])
            else:
                await library.warm([one.entry.scope])
            kept = [len(shelf) for shelf in library._shelves.values()]
            assert library.kept == (len(kept), sum(kept))
            assert all(kept)
            assert deed != "warm" or sum(kept) <= 2 or len(kept) == 1

    asyncio.run(play())
