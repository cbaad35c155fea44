"""One suite for every index of memories."""

import math
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient

from processors.adapters.qdrant_edge_index import QdrantEdgeIndex
from processors.adapters.qdrant_server_index import QdrantServerIndex
from processors.recall.ports import Entry, Memory, MemoryIndex
from streams.errors import Conflict
from streams.events.memory import Content, Kind
from streams.ids import EventId, MemoryId, ScopeId, derived

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

GRID, OTHER = ScopeId("grid"), ScopeId("user:ada")

#: Opens the index under test; a second call opens what the first has kept.
Open = Callable[[], Awaitable[MemoryIndex]]


def vector(*numbers: float) -> bytes:
    length = math.sqrt(sum(n * n for n in numbers))
    return array("f", [n / length for n in numbers]).tobytes()


def memory(
    name: str, at: bytes, scope: ScopeId = GRID, encoder: str = "e", place: int = 0
) -> Memory:
    content = Content(
        kind=Kind.PASSAGE,
        text=name,
        title="t",
        uri="u",
        section="s",
        speaker="",
        said_at_ms=None,
    )
    entry = Entry(
        memory_id=MemoryId(derived(scope, name)),
        scope=scope,
        content=content,
        place=place,
        since_ms=5,
        expires_at_ms=7,
        offered_by=EventId("origin"),
    )
    return Memory(entry, encoder, at)


@pytest.fixture(params=["edge", "server"])
async def opened(request: Any, tmp_path: Path) -> AsyncIterator[Open]:
    made: list[MemoryIndex] = []

    async def edge() -> MemoryIndex:
        for index in made:
            await index.close()
        made.append(QdrantEdgeIndex(tmp_path / "index"))
        return made[-1]

    async def server() -> MemoryIndex:
        for index in made:
            await index.close()
        made.append(QdrantServerIndex(AsyncQdrantClient(path=str(tmp_path / "server"))))
        return made[-1]

    yield edge if request.param == "edge" else server
    for index in made:
        await index.close()


NORTH, EAST = vector(1, 0), vector(0, 1)
NORTH_EAST = vector(1, 1)


async def names(index: MemoryIndex, at: bytes, *scopes: ScopeId, limit: int = 9) -> list[str]:
    """Return what is found nearest to `at`, by name."""
    (near,) = await index.nearest([at], "e", scopes, limit)
    known = {entry.memory_id: entry.content.text for entry in await index.entries(scopes)}
    return [known[found.memory_id] for found in near]


async def held(index: MemoryIndex, *scopes: ScopeId) -> list[str]:
    return sorted(entry.content.text for entry in await index.entries(scopes))


async def test_the_nearest_come_first_with_their_cosine(opened: Open) -> None:
    index = await opened()
    await index.put([memory("east", EAST), memory("north", NORTH), memory("both", NORTH_EAST)])
    assert await names(index, NORTH, GRID, limit=2) == ["north", "both"]
    (near,) = await index.nearest([NORTH], "e", [GRID], 2)
    assert [round(found.cosine, 3) for found in near] == [1.0, 0.707]


async def test_several_vectors_are_answered_in_their_order(opened: Open) -> None:
    index = await opened()
    north, east = memory("north", NORTH), memory("east", EAST)
    await index.put([north, east])
    found = await index.nearest([EAST, NORTH], "e", [GRID], 1)
    assert [[n.memory_id for n in near] for near in found] == [
        [east.entry.memory_id],
        [north.entry.memory_id],
    ]


async def test_a_search_among_some_leaves_out_all_others(opened: Open) -> None:
    index = await opened()
    north, east = memory("north", NORTH), memory("east", EAST)
    await index.put([north, east])
    (near,) = await index.nearest([NORTH], "e", [GRID], 9, among=[east.entry.memory_id])
    assert [found.memory_id for found in near] == [east.entry.memory_id]
    assert await index.nearest([NORTH], "e", [GRID], 9, among=[]) == [[]]


async def test_what_was_put_comes_back_whole(opened: Open) -> None:
    index = await opened()
    put = memory("north", NORTH, place=3)
    assert await index.put([put]) == [put]
    assert await index.entries([GRID]) == [put.entry]
    assert await index.entries([GRID], among=[put.entry.memory_id]) == [put.entry]
    assert await index.entries([GRID], among=[MemoryId(derived("another"))]) == []


async def test_equal_scores_have_one_order(opened: Open) -> None:
    index = await opened()
    twins = [memory(f"twin {n}", NORTH) for n in range(5)]
    await index.put(twins)
    (near,) = await index.nearest([NORTH], "e", [GRID], 5)
    assert [found.memory_id for found in near] == sorted(t.entry.memory_id for t in twins)


async def test_no_read_leaves_its_scopes(opened: Open) -> None:
    index = await opened()
    mine, everyones = memory("mine", NORTH, OTHER), memory("all", NORTH, GRID)
    await index.put([mine, everyones])
    assert await names(index, NORTH, GRID) == ["all"]
    assert await names(index, NORTH, OTHER) == ["mine"]
    assert sorted(await names(index, NORTH, GRID, OTHER)) == ["all", "mine"]
    assert await names(index, NORTH) == []
    assert await held(index, GRID) == ["all"]
    assert await held(index) == []
    mine_id = [mine.entry.memory_id]
    assert await index.entries([GRID], among=mine_id) == []
    assert await index.nearest([NORTH], "e", [GRID], 9, among=mine_id) == [[]]


async def test_vectors_of_another_encoder_are_not_compared(opened: Open) -> None:
    index = await opened()
    await index.put([memory("a", NORTH), memory("b", vector(1, 0, 0), encoder="other")])
    assert await names(index, NORTH, GRID) == ["a"]
    (near,) = await index.nearest([vector(1, 0, 0)], "other", [GRID], 9)
    assert [found.memory_id for found in near] == [MemoryId(derived(GRID, "b"))]
    assert await index.nearest([NORTH], "unknown", [GRID], 9) == [[]]


async def test_a_memory_that_two_encoders_saw_is_one(opened: Open) -> None:
    index = await opened()
    await index.put([memory("a", NORTH), memory("a", vector(1, 0, 0), encoder="other")])
    assert await held(index, GRID) == ["a"]
    assert await index.count() == 2


async def test_putting_twice_changes_nothing(opened: Open) -> None:
    index = await opened()
    for _ in range(2):
        await index.put([memory("a", NORTH), memory("a", NORTH)])
    assert await index.count() == 1


async def test_what_was_removed_is_found_by_nothing(opened: Open) -> None:
    index = await opened()
    gone, stays = memory("gone", NORTH), memory("stays", EAST)
    await index.put([gone, memory("gone", vector(1, 0, 0), encoder="other"), stays])
    for _ in range(2):
        await index.remove(GRID, [gone.entry.memory_id])
    assert await names(index, NORTH, GRID) == ["stays"]
    assert await held(index, GRID) == ["stays"]
    assert await index.nearest([vector(1, 0, 0)], "other", [GRID], 9) == [[]]


async def test_what_was_removed_before_it_came_stays_away(opened: Open) -> None:
    index = await opened()
    late, stays = memory("late", NORTH), memory("stays", EAST)
    await index.remove(GRID, [late.entry.memory_id])
    assert await index.put([late, stays]) == [stays]
    assert await held(index, GRID) == ["stays"]


async def test_a_scope_removes_nothing_of_another(opened: Open) -> None:
    index = await opened()
    mine = memory("mine", NORTH, OTHER)
    await index.put([mine])
    await index.remove(GRID, [mine.entry.memory_id])
    assert await held(index, OTHER) == ["mine"]
    assert await index.put([mine]) == [mine]


async def test_an_empty_index_finds_nothing_and_is_nowhere(opened: Open) -> None:
    index = await opened()
    assert await index.nearest([NORTH], "e", [GRID], 3) == [[]]
    assert await index.entries([GRID]) == []
    assert await index.put([]) == []
    await index.remove(GRID, [])
    assert await index.positions() == {}
    assert await index.count() == 0


async def test_what_was_kept_is_there_after_opening_again(opened: Open) -> None:
    index = await opened()
    await index.put([memory("a", NORTH)])
    await index.remove(GRID, [MemoryId(derived(GRID, "gone"))])
    await index.keep({0: 7, 3: 1})
    index = await opened()
    assert await index.positions() == {0: 7, 3: 1}
    assert await names(index, NORTH, GRID) == ["a"]
    assert await index.put([memory("gone", NORTH)]) == []


async def test_closing_twice_is_harmless(opened: Open) -> None:
    index = await opened()
    await index.close()
    await index.close()


async def test_a_second_opener_of_the_embedded_index_is_refused(tmp_path: Path) -> None:
    index = QdrantEdgeIndex(tmp_path)
    await index.put([memory("a", NORTH)])
    with pytest.raises(Conflict, match="another process"):
        QdrantEdgeIndex(tmp_path)
    await index.close()


async def test_an_embedded_index_that_died_half_made_starts_anew(tmp_path: Path) -> None:
    index = QdrantEdgeIndex(tmp_path)
    await index.put([memory("a", NORTH)])
    await index.keep({0: 1})
    await index.close()
    (tmp_path / "memory-half").mkdir()
    index = QdrantEdgeIndex(tmp_path)
    assert (await index.positions(), await index.count()) == ({}, 0)
    await index.close()
