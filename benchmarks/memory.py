"""Memory recall: which turns of a conversation are found for a question about it.

`--conversations` takes LoCoMo's format; figures are the mean share (%) of a question's evidence in
the first 5, 10 and 20. Every turn is offered as an event, decided on, perceived and indexed; every
question is perceived and recalled. The others rank the same turns by the same encoder.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks._grid import Grid
from benchmarks._locomo import Asking, Conversation, read
from benchmarks._rankings import PEERS, Peers
from benchmarks._report import OURS, Figures, options, say, show
from benchmarks._scale import at_scale
from benchmarks._served import Remembering, served_encoder
from processors.adapters.qdrant_edge_index import QdrantEdgeIndex
from processors.memory.decider import MEMORY_DECIDER, memory_id
from processors.perception.effect import PerceiveMemories, PerceiveRequests
from processors.recall.effect import Recalling
from processors.recall.features import features, standardised
from processors.recall.learning import Example, learned
from processors.recall.library import Asked, Candidates, Library, rank
from processors.recall.projection import IndexProjection
from processors.recall.ranking import UNTRAINED, Weights
from processors.recall.wording import weighed, wording
from streams.events.memory import MemoryOffered
from streams.events.sessions import ContextRecalled, Options, RequestReceived
from streams.ids import MemoryId, ModelName, RunId, ScopeId
from streams.topics import MEMORY, SESSIONS

LEARNED = "aether_learned"
CUTS = (5, 10, 20)
LATER_MS = 2**61
#: The others are not cut either.
CHARACTERS_MAX = 2**31


class Shares(NamedTuple):
    """Per question, the share of its evidence in the first of each cut."""

    rows: list[list[float]]

    def figures(self) -> dict[str, float]:
        """Return the means in percent."""
        means = 100 * np.mean(self.rows, axis=0)
        return {f"recall_at_{cut}": round(float(m), 2) for cut, m in zip(CUTS, means, strict=True)}


class World(NamedTuple):
    """A grid that remembers conversations, each in a scope of its own."""

    grid: Grid
    library: Library
    encoder: Remembering

    async def remember(self, conversations: Sequence[Conversation]) -> None:
        """Offer every turn, and wait until all are in the index."""
        start = self.grid.end(MEMORY)
        for conversation in conversations:
            for turn in conversation.turns:
                self.grid.offer(MEMORY, conversation.name, MemoryOffered(content=turn.content))
        perceive = self.grid.performing(PerceiveMemories(self.encoder))
        await self.grid.work(MEMORY, [self.grid.deciding(MEMORY_DECIDER), perceive], start)
        await IndexProjection(self.grid.log, self.grid.wire, self.library).catch_up()

    async def ask(self, conversation: Conversation, by: Weights) -> Shares:
        """Ask every question as a request, and look at what is recalled for it."""
        start = self.grid.end(SESSIONS)
        for number, asking in enumerate(conversation.questions):
            run = RunId(f"{conversation.name}/{number}/{start}")
            self.grid.offer(SESSIONS, run, _request(run, conversation, asking))
        parts = [
            self.grid.performing(PerceiveRequests(self.encoder)),
            self.grid.performing(
                Recalling(self.library, self.encoder, by, max(CUTS), CHARACTERS_MAX)
            ),
        ]
        events = await self.grid.work(SESSIONS, parts, start)
        recalled = {
            e.event.run_id: [passage.memory_id for passage in e.event.passages]
            for e in events
            if isinstance(e.event, ContextRecalled)
        }
        names = _names(conversation)
        found = [
            [names[known] for known in recalled[RunId(f"{conversation.name}/{number}/{start}")]]
            for number in range(len(conversation.questions))
        ]
        return shares(conversation.questions, found)

    async def candidates(self, conversation: Conversation, asking: Asking) -> Candidates:
        """Return what is ranked for a question."""
        encoder, (vector,), _ = await self.encoder.encode([asking.text])
        scopes = (ScopeId(conversation.name),)

        async def encode(text: str) -> bytes:
            return (await self.encoder.encode([text])).vectors[0]

        asked = Asked(asking.text, vector, encoder, scopes, LATER_MS)
        return await self.library.candidates(asked, encode)

    async def examples(self, conversation: Conversation) -> list[Example]:
        """Return the questions as what can be learned from."""
        names, found = _names(conversation), []
        for asking in conversation.questions:
            given = await self.candidates(conversation, asking)
            answers = np.array([names[known] in asking.evidence for known in given.ids])
            rows = [features(given.question, pool) for pool in given.pools]
            found.append(Example(standardised(rows), answers))
        return found

    async def ranking_ms(self, conversation: Conversation) -> list[float]:
        """Return how long each question's ranking takes, between the index's answers."""
        times = []
        for asking in conversation.questions:
            found = await self.candidates(conversation, asking)
            began = time.perf_counter()
            terms = weighed(found.question, [pool.shelf for pool in found.pools])
            for pool in found.pools:
                wording(terms, pool.shelf, pool.columns, pool.rows)
            rank(found, max(CUTS), UNTRAINED)
            times.append((time.perf_counter() - began) * 1000)
        return times


def shares(questions: Sequence[Asking], found: Sequence[Sequence[str]]) -> Shares:
    """Return how much of each question's evidence was found, cut by cut."""
    return Shares(
        [
            [len(asking.evidence & set(names[:cut])) / len(asking.evidence) for cut in CUTS]
            for asking, names in zip(questions, found, strict=True)
        ]
    )


def _names(conversation: Conversation) -> Mapping[MemoryId, str]:
    return {memory_id(conversation.name, turn.content): turn.name for turn in conversation.turns}


def _request(run: RunId, conversation: Conversation, asking: Asking) -> RequestReceived:
    return RequestReceived(
        run_id=run,
        model=ModelName("aether"),
        text=asking.text,
        messages=(),
        options=Options(),
        scopes=(ScopeId(conversation.name),),
        remember_in=None,
        stream=False,
    )


async def measured(
    conversations: Sequence[Conversation], others: Sequence[Conversation], folder: Path
) -> Figures:
    """Return every system's figures."""
    async with served_encoder() as encoder:
        index = QdrantEdgeIndex(folder / "index")
        world = World(Grid(folder), Library(index), encoder)
        say(f"remembering {sum(len(c.turns) for c in (*conversations, *others))} turns")
        await world.remember([*conversations, *others])
        say(f"asking {sum(len(c.questions) for c in conversations)} questions")
        plain = [await world.ask(c, UNTRAINED) for c in conversations]
        times = [t for c in conversations for t in await world.ranking_ms(c)]
        figures: dict[str, dict[str, float]] = {
            OURS: {
                **_together(plain).figures(),
                "ranking_ms_p50": round(float(np.median(times)), 3),
            }
        }
        trained = await _learned(world, conversations, others)
        if trained is not None:
            figures[LEARNED] = trained.figures()
        say("ranking the same turns by other means")
        peers = [await Peers.of(c, encoder) for c in conversations]
        for name, ranking in PEERS.items():
            found = [shares(p.questions, [ranking(p, at) for at in p.places]) for p in peers]
            figures[name] = _together(found).figures()
        await index.close()
    return figures


async def _learned(
    world: World, conversations: Sequence[Conversation], others: Sequence[Conversation]
) -> Shares | None:
    """Ask again with weights that never saw the conversation that is asked about."""
    known = [await world.examples(c) for c in (others or conversations)]
    if others:
        by = learned([example for examples in known for example in examples])
        return _together([await world.ask(c, by) for c in conversations])
    if len({conversation.said for conversation in conversations}) < 2:
        say("nothing to learn from: give --learn-from, or several conversations")
        return None
    found = []
    for conversation in conversations:
        others_known = zip(conversations, known, strict=True)
        rest = [e for c, examples in others_known if c.said != conversation.said for e in examples]
        found.append(await world.ask(conversation, learned(rest)))
    return _together(found)


def unseen(others: Sequence[Conversation], asked: Sequence[Conversation]) -> list[Conversation]:
    """Return those that are not asked about as well: who learns from these knows the answers."""
    known = {conversation.said for conversation in asked}
    found = [conversation for conversation in others if conversation.said not in known]
    if len(found) < len(others):
        say(f"{len(others) - len(found)} conversations to learn from are asked about: left out")
    return found


def _together(found: Sequence[Shares]) -> Shares:
    return Shares([row for some in found for row in some.rows])


def main() -> int:
    """Measure and report."""
    parser = options((__doc__ or "").partition("\n")[0])
    parser.add_argument("--conversations", type=Path, required=True, help="a file to measure on")
    parser.add_argument(
        "--learn-from", type=Path, help="another one to learn weights on; none leaves one out"
    )
    parser.add_argument("--scale", type=int, help="also measure recall among so many memories")
    asked: argparse.Namespace = parser.parse_args()
    conversations = read(asked.conversations)
    others = unseen(read(asked.learn_from, "learned"), conversations) if asked.learn_from else []
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(conversations, others, Path(folder)))
        if asked.scale:
            found = asyncio.run(at_scale(conversations, asked.scale, Path(folder) / "scale"))
            figures = {**figures, OURS: {**figures[OURS], **found}}
    show(figures, asked, title=f"Memory recall on {asked.conversations.name}", drawn="recall_at_10")
    return 0


if __name__ == "__main__":
    sys.exit(main())
