"""How long recall takes among many memories: turns mixed from those given, near vectors.

The whole of recall but the encoder: dense search in the real index, words, ranking, and fetching
what is returned.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks._locomo import Conversation
from benchmarks._report import say
from processors.adapters.qdrant_edge_index import QdrantEdgeIndex
from processors.recall.library import Asked, Library
from processors.recall.ports import Entry, Memory
from streams.ids import MemoryId, ScopeId, derived

SIZE, BATCH, QUESTIONS, LIMIT = 384, 1_000, 300, 20
SCOPE, ENCODER = ScopeId("grid"), "random"


async def at_scale(
    conversations: Sequence[Conversation], count: int, folder: Path
) -> Mapping[str, float]:
    """Fill an index and ask; return the figures in milliseconds."""
    chance = np.random.default_rng(0)
    contents = [turn.content for conversation in conversations for turn in conversation.turns]
    index = QdrantEdgeIndex(folder)
    library = Library(index)
    say(f"filling an index with {count} memories")
    for start in range(0, count, BATCH):
        memories = []
        for place in range(start, min(count, start + BATCH)):
            one, other = (contents[at] for at in chance.integers(0, len(contents), 2))
            halves = one.text.split()[::2], other.text.split()[1::2]
            mixed = " ".join([*halves[0], *halves[1]]) or one.text
            content = replace(one, text=mixed, uri=f"chat:{place // 50}")
            entry = Entry(MemoryId(derived("scale", place)), SCOPE, content, place)
            memories.append(Memory(entry, ENCODER, _unit(chance)))
        await library.put(memories)
    asking = [asked.text for c in conversations for asked in c.questions]
    times = []
    for at in range(QUESTIONS + 1):
        nameless = _unit(chance)

        async def encode(_: str, vector: bytes = nameless) -> bytes:
            return vector

        asked = Asked(asking[at % len(asking)], _unit(chance), ENCODER, (SCOPE,), 0)
        began = time.perf_counter()
        await library.recall(asked, encode, LIMIT)
        times.append((time.perf_counter() - began) * 1000)
    await index.close()
    first, *rest = times
    return {
        "memories": count,
        "recall_ms_p50": round(float(np.percentile(rest, 50)), 2),
        "recall_ms_p95": round(float(np.percentile(rest, 95)), 2),
        "recall_ms_first": round(first, 1),
    }


def _unit(chance: np.random.Generator) -> bytes:
    vector = chance.normal(size=SIZE)
    return (vector / np.linalg.norm(vector)).astype("<f4").tobytes()
