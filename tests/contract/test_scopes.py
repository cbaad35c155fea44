"""No read leaves its scopes, whatever the scopes are called: both adapters, attacked."""

import asyncio
import math
from array import array
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qdrant_client import AsyncQdrantClient

from processors.adapters.qdrant_edge_index import QdrantEdgeIndex
from processors.adapters.qdrant_server_index import QdrantServerIndex
from processors.recall.library import Asked, Library
from processors.recall.ports import Entry, Memory, MemoryIndex
from streams.events.memory import Content, Kind
from streams.ids import MemoryId, ScopeId, derived

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

ENCODER = "e"
#: Names that would reach further if a scope were a pattern, a prefix, a number or a query.
TRICKS = (
    "", " ", "*", "%", "?", ".*", "grid", "grid ", "Grid", "grid*", "user:", "user:ada", "user:ad",
    "user:ada2", "user:*", "../user:ada", "user:ada\x00", "null", "0", "0.0", "true", "[]", "{}",
    '"grid"', "grid' OR '1'='1", '{"match":{"any":["grid"]}}', "session:1", "session:10",
    "caf\u00e9", "cafe\u0301", "\u202euser", "\U0001f511", "@grid", "a" * 2_000,
)  # fmt: skip

SCOPES = st.one_of(st.sampled_from(TRICKS), st.text(max_size=12))


def at(angle: float) -> bytes:
    return array("f", [math.cos(angle), math.sin(angle)]).tobytes()


def memory(scope: str, number: int) -> Memory:
    content = Content(
        kind=Kind.PASSAGE,
        text=f"the secret of {number}",
        title="",
        uri="u",
        section="",
        speaker="",
        said_at_ms=None,
    )
    known = MemoryId(derived(scope, number))
    return Memory(Entry(known, ScopeId(scope), content, number), ENCODER, at(number))


async def encode(_: str) -> bytes:
    return at(0)


async def attack(index: MemoryIndex, held: Sequence[str], asked: Sequence[str]) -> None:
    """Fill the scopes held, read those asked for in every way there is, and look at all of it."""
    library = Library(index)
    memories = [memory(scope, number) for number, scope in enumerate(held)]
    await library.put(memories)
    everything = [m.entry.memory_id for m in memories]
    allowed = {m.entry.memory_id for m in memories if m.entry.scope in set(asked)}
    scopes = [ScopeId(scope) for scope in asked]
    for among in (None, everything):
        (near,) = await index.nearest([at(0)], ENCODER, scopes, 99, among)
        assert {found.memory_id for found in near} == allowed
        assert {e.memory_id for e in await index.entries(scopes, among)} == allowed
    question = Asked("what is the secret", at(0), ENCODER, tuple(scopes), 0)
    found = await library.recall(question, encode, 99)
    assert {recalled.entry.memory_id for recalled in found} == allowed
    for scope in set(asked) - set(held):
        await library.remove(ScopeId(scope), everything)
    assert await index.count() == len(set(everything))


def edge(folder: Path) -> MemoryIndex:
    return QdrantEdgeIndex(folder)


def server(folder: Path) -> MemoryIndex:
    return QdrantServerIndex(AsyncQdrantClient(path=str(folder / "server")))


async def in_new_index(kind: str, held: Sequence[str], asked: Sequence[str]) -> None:
    with TemporaryDirectory() as folder:
        index = {"edge": edge, "server": server}[kind](Path(folder))
        try:
            await attack(index, held, asked)
        finally:
            await index.close()


@pytest.mark.parametrize("kind", ["edge", "server"])
@settings(max_examples=20, deadline=None)
@given(held=st.lists(SCOPES, max_size=6), asked=st.lists(SCOPES, max_size=3))
@example(held=list(TRICKS), asked=["*"])
@example(held=list(TRICKS), asked=["user:"])
@example(held=list(TRICKS), asked=[""])
@example(held=list(TRICKS), asked=[])
def test_no_read_leaves_its_scopes(kind: str, held: list[str], asked: list[str]) -> None:
    asyncio.run(in_new_index(kind, held, asked))


@pytest.mark.parametrize("kind", ["edge", "server"])
def test_every_trick_sees_itself_alone(kind: str) -> None:
    async def each() -> None:
        with TemporaryDirectory() as folder:
            index = {"edge": edge, "server": server}[kind](Path(folder))
            await index.put([memory(scope, number) for number, scope in enumerate(TRICKS)])
            for number, scope in enumerate(TRICKS):
                (near,) = await index.nearest([at(0)], ENCODER, [ScopeId(scope)], 99)
                assert [n.memory_id for n in near] == [derived(scope, number)]
            await index.close()

    asyncio.run(each())
