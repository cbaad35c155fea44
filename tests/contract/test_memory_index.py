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
from processors.recall.ports import Memory, MemoryIndex
from streams.errors import Conflict
from streams.events.memory import Content, Kind
from streams.ids import MemoryId, ScopeId, derived

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

GRID, OTHER = ScopeId("grid"), ScopeId("user:ada")

#: Opens the index under test; a second call opens what the first has kept.
Open = Callable[[], Awaitable[MemoryIndex]]


def vector(*numbers: float) -> bytes:
    length = math.sqrt(sum(n * n for n in numbers))
    return array("f", [n / length for n in numbers]).tobytes()


def memory(name: str, at: bytes, scope: ScopeId = GRID, encoder: str = "e") -> Memory:
    content = Content(
        kind=Kind.PASSAGE,
        text=name,
        title="t",
        uri="u",
        section="s",
        speaker="",
        said_at_ms=None,
    )
    return Memory(MemoryId(derived(scope, name)), scope, content, encoder, at)


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
    return [found.content.text for found in await index.search(at, "e", scopes, limit)]


async def test_the_nearest_come_first_with_their_cosine(opened: Open) -> None:
    index = await opened()
    await index.put([memory("east", EAST), memory("north", NORTH), memory("both", NORTH_EAST)])
    found = await index.search(NORTH, "e", [GRID], 2)
    assert [f.content.text for f in found] == ["north", "both"]
    assert [round(f.score, 3) for f in found] == [1.0, 0.707]


async def test_what_was_put_comes_back_whole(opened: Open) -> None:
    index = await opened()
    put = memory("north", NORTH)
    await index.put([put])
    (found,) = await index.search(NORTH, "e", [GRID], 1)
    assert (found.memory_id, found.content) == (put.memory_id, put.content)


async def test_equal_scores_have_one_order(opened: Open) -> None:
    index = await opened()
    twins = [memory(f"twin {n}", NORTH) for n in range(5)]
    await index.put(twins)
    found = await index.search(NORTH, "e", [GRID], 5)
    assert [f.memory_id for f in found] == sorted(t.memory_id for t in twins)


async def test_no_search_leaves_its_scopes(opened: Open) -> None:
    index = await opened()
    await index.put([memory("mine", NORTH, OTHER), memory("all", NORTH, GRID)])
    assert await names(index, NORTH, GRID) == ["all"]
    assert await names(index, NORTH, OTHER) == ["mine"]
    assert sorted(await names(index, NORTH, GRID, OTHER)) == ["all", "mine"]
    assert await names(index, NORTH) == []
    assert await names(index, NORTH, ScopeId("*")) == []


async def test_vectors_of_another_encoder_are_not_compared(opened: Open) -> None:
    index = await opened()
    await index.put([memory("a", NORTH), memory("b", vector(1, 0, 0), encoder="other")])
    assert await names(index, NORTH, GRID) == ["a"]
    found = await index.search(vector(1, 0, 0), "other", [GRID], 9)
    assert [f.content.text for f in found] == ["b"]
    assert await index.search(NORTH, "unknown", [GRID], 9) == []


async def test_putting_twice_changes_nothing(opened: Open) -> None:
    index = await opened()
    for _ in range(2):
        await index.put([memory("a", NORTH), memory("a", NORTH)])
    assert await index.count() == 1


async def test_an_empty_index_finds_nothing_and_is_nowhere(opened: Open) -> None:
    index = await opened()
    assert await index.search(NORTH, "e", [GRID], 3) == []
    assert await index.positions() == {}
    assert await index.count() == 0


async def test_what_was_kept_is_there_after_opening_again(opened: Open) -> None:
    index = await opened()
    await index.put([memory("a", NORTH)])
    await index.keep({0: 7, 3: 1})
    index = await opened()
    assert await index.positions() == {0: 7, 3: 1}
    assert await names(index, NORTH, GRID) == ["a"]


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
