"""`aether memory search|judge|learn|weights`: recall by hand, and what it learns from.

Each fills a library of its own from the log: the grid's index belongs to its worker.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import numpy as np

from cli.output import emit, emit_one, formatted, say, shortened
from cli.scopes import SCOPE
from cli.sending import send
from processors.adapters.opened import Adapters
from processors.adapters.qdrant_edge_index import QdrantEdgeIndex
from processors.perception.ports import Encoder
from processors.recall.features import FEATURES, features, standardised
from processors.recall.learning import Comparison, Example, compared, learned
from processors.recall.library import Asked, Encode, Library, Recalled
from processors.recall.projection import IndexProjection
from processors.recall.ranking import UNTRAINED, Weights, adoption
from replay.memories import told
from replay.runs import events_of
from streams.envelope import Envelope
from streams.errors import Misconfigured
from streams.events.memory import RecallJudged
from streams.events.sessions import RequestReceived, ResponseCompleted
from streams.ids import MemoryId, RunId, ScopeId
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.scopes import GRID
from streams.topics import MEMORY, REGISTRY

KEY = "recall"
JUDGED_MIN = 20
LATER_SHARE, LUCK_MAX = 0.3, 0.05


class Learned(NamedTuple):
    """What came of learning: the weights, and how they did on the later questions."""

    weights: Weights
    examples: int
    comparison: Comparison

    @property
    def is_better(self) -> bool:
        """Whether they may take the place of those in force."""
        return self.comparison.luck <= LUCK_MAX


@click.command()
@click.argument("question")
@click.option(
    "--scope", "scopes", type=SCOPE, multiple=True, default=(GRID,), help="Can be given repeatedly."
)
@click.option("--limit", default=5)
@formatted
def search(question: str, scopes: tuple[ScopeId, ...], limit: int, output: str) -> int:
    """Find what scopes know about a question, as a request would recall it now."""
    settings = read_settings()
    with Client(settings) as client, TemporaryDirectory() as folder:
        asked = (question, scopes)
        found = asyncio.run(_found(settings, client, Path(folder), asked, limit))
    rows = [
        {
            "score": round(recalled.score, 2),
            "cosine": round(recalled.cosine, 3),
            "memory": recalled.entry.memory_id,
            "scope": recalled.entry.scope,
            "uri": recalled.entry.content.uri,
            "text": shortened(recalled.entry.content.text)
            if output == "text"
            else recalled.entry.content.text,
        }
        for recalled in found
    ]
    emit(output, rows, ["score", "cosine", "memory", "text"])
    return 0 if rows else 1


@click.command()
@click.argument("run_id")
@click.argument("memories", nargs=-1)
@formatted
def judge(run_id: str, memories: tuple[str, ...], output: str) -> None:
    """Say which memories answered a run's question; without any, those its answer cites."""
    with Client(read_settings()) as client:
        events = [e.event for e in events_of(RunId(run_id), client.log, client.wire)]
        asked = next((e for e in events if isinstance(e, RequestReceived)), None)
        cited = [
            c.memory_id for e in events if isinstance(e, ResponseCompleted) for c in e.citations
        ]
        useful = tuple(dict.fromkeys(map(MemoryId, memories or cited)))
        if asked is None or not useful:
            what = "is no run in the log" if asked is None else "cites nothing"
            raise Misconfigured(f"{run_id} {what}", fix="name the memories that answered it")
        judged = RecallJudged(question=asked.text, scopes=asked.scopes, useful=useful)
        send(client, MEMORY, asked.scopes[0], judged)
    emit_one(output, {"run": run_id, "useful": useful}, f"noted: {len(useful)} useful memories")


@click.command()
@click.option("--dry-run", is_flag=True, help="Compare only.")
@click.option("--reset", is_flag=True, help="Go back to the weights nobody learned.")
@formatted
def learn(dry_run: bool, reset: bool, output: str) -> int:
    """Learn recall's weights from what was judged; they are adopted only if later ones agree.

    The earlier judgements teach, the later ones compare: exit code 3 if new weights are no better.
    """
    settings = read_settings()
    with Client(settings) as client, TemporaryDirectory() as folder:
        if reset:
            send(client, REGISTRY, KEY, adoption(UNTRAINED, 0, "reset by a person"))
            emit_one(output, {"adopted": UNTRAINED.name}, "the untrained weights are in force")
            return 0
        found = asyncio.run(_learned(settings, client, Path(folder)))
        wins, losses, luck = found.comparison
        says = f"better on {wins} later questions, worse on {losses}, luck {luck:.3f}"
        adopts = found.is_better and not dry_run
        if adopts:
            send(client, REGISTRY, KEY, adoption(found.weights, found.examples, says))
    row = {**found.comparison._asdict(), "adopted": found.weights.name if adopts else None}
    emit_one(output, row, f"{says}: {'adopted' if adopts else 'not adopted'}")
    return 0 if found.is_better else 3


@click.command()
@formatted
def weights(output: str) -> None:
    """Show the weights in force."""
    settings = read_settings()
    with Client(settings) as client, TemporaryDirectory() as folder:
        by = asyncio.run(_in_force(client, Path(folder)))
    named = zip(FEATURES, by.values, strict=True)
    emit(output, [{"feature": n, "weight": round(v, 4)} for n, v in named], ["feature", "weight"])
    say(by.name)


async def _in_force(client: Client, folder: Path) -> Weights:
    async with _library(client, folder) as library:
        return library.by


async def _found(
    settings: Settings,
    client: Client,
    folder: Path,
    asked: tuple[str, tuple[ScopeId, ...]],
    limit: int,
) -> list[Recalled]:
    async with _library(client, folder) as library, _encoder(settings) as encoder:
        return await library.recall(await _asked(encoder, *asked), _encode(encoder), limit)


async def _learned(settings: Settings, client: Client, folder: Path) -> Learned:
    judged = distinct(told(client.log, client.wire, kinds=(RecallJudged,)))
    if len(judged) < JUDGED_MIN:
        raise Misconfigured(
            f"{len(judged)} recalls are judged; at least {JUDGED_MIN} teach anything",
            fix="judge some: `aether memory judge RUN`",
        )
    async with _library(client, folder) as library, _encoder(settings) as encoder:
        found = [await _example(library, encoder, each) for each in judged]
    examples = [example for example in found if example is not None]
    cut = round(len(examples) * (1 - LATER_SHARE))
    new = learned(examples[:cut])
    return Learned(new, cut, compared(new, library.by, examples[cut:]))


def distinct(judged: Iterable[Envelope[Any]]) -> list[RecallJudged]:
    """Return each question's last judgement, the question that was judged first before the others.

    A question judged again is no further evidence, and none that came later.
    """
    in_order = sorted(judged, key=lambda envelope: envelope.recorded_at_ms)
    events = [envelope.event for envelope in in_order]
    return list({(event.question, event.scopes): event for event in events}.values())


async def _example(library: Library, encoder: Encoder, judged: RecallJudged) -> Example | None:
    """Return a judgement as the question would be ranked now; None if nothing would be."""
    asked = await _asked(encoder, judged.question, judged.scopes)
    found = await library.candidates(asked, _encode(encoder))
    if not found.ids:
        return None
    answers = np.array([known in judged.useful for known in found.ids], np.bool_)
    rows = [features(found.question, pool) for pool in found.pools]
    return Example(standardised(rows), answers)


async def _asked(encoder: Encoder, question: str, scopes: tuple[ScopeId, ...]) -> Asked:
    name, (vector,), _ = await encoder.encode([question])
    return Asked(question, vector, name, scopes, int(time.time() * 1000))


def _encode(encoder: Encoder) -> Encode:
    async def encode(text: str) -> bytes:
        return (await encoder.encode([text])).vectors[0]

    return encode


@asynccontextmanager
async def _encoder(settings: Settings) -> AsyncIterator[Encoder]:
    adapters = Adapters(settings)
    try:
        yield adapters.encoder
    finally:
        await adapters.close()


@asynccontextmanager
async def _library(client: Client, folder: Path) -> AsyncIterator[Library]:
    """Fill a library from the log, and throw it away."""
    library = Library(QdrantEdgeIndex(folder))
    try:
        await IndexProjection(client.log, client.wire, library).catch_up()
        yield library
    finally:
        await library.index.close()
