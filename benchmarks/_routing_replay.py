"""Learning as it happens: few examples, then thousands of requests with feedback, on a real Kafka.

The engines and a worker run here, in a temporary directory; every event takes the way it takes in
a grid. In the end one command's event takes the weights back, and every decision is made again
from the log alone.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks._feedback import Decided, corrected, verdict_on
from benchmarks._report import say
from benchmarks._routing_path import described
from benchmarks._texts import OUTSIDE, Row, learnable
from benchmarks._vectors import KeptEncoder
from cli.grid import engines
from cli.tuning import tell, told
from engines.install import install
from engines.places import cache_directory
from engines.ports import free_port
from engines.progress import Console
from engines.supervisor import Supervisor
from processors.adapters.opened import Adapters
from processors.app import Worker
from processors.perception.ports import Encoder
from processors.router.decider import ROUTER
from processors.router.table import AUTOMATIC
from streams.envelope import Envelope, author_of
from streams.events import tuning as t
from streams.events.registry import CapabilityOffered, Card
from streams.events.sessions import Options, RequestReceived, RequestRouted, RouterAdopted
from streams.ids import EventId, ModelName, RunId, minted
from streams.io.client import Client
from streams.io.sections import Ports
from streams.io.settings import Settings, read_settings
from streams.ledger import Ledger
from streams.topics import REGISTRY, ROUTER_KEY, SESSIONS, TUNING

ROLES = (
    *("perception", "registry", "adoption", "router"),
    *("teaching", "hearing", "tuner", "training", "release"),
)
WINDOW, PAUSE = 50, 500
PATIENCE_S = 900.0


class KeptAdapters(Adapters):
    """The grid's adapters with an encoder that remembers."""

    def __init__(self, settings: Settings, kept: KeptEncoder) -> None:
        super().__init__(settings)
        self._kept = kept

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of texts."""
        return self._kept


async def replayed(
    encoder: KeptEncoder,
    start: Sequence[Row],
    requests: Sequence[Row],
    test: Sequence[Row],
    *,
    verdicts: bool = False,
) -> dict[str, float | None]:
    """Return what accuracy feedback leads to, and whether the past stayed what it was.

    With `verdicts` nobody says what would have been right, only whether the answer was.
    """
    with TemporaryDirectory() as folder:
        ports = Ports(**{name: free_port() for name in Ports.model_fields})
        settings = read_settings(data_dir=Path(folder), ports=ports)
        async with _grid(settings, encoder) as client:
            return await _Replay(client, verdict_on if verdicts else corrected).run(
                start, requests, test
            )


@asynccontextmanager
async def _grid(settings: Settings, encoder: KeptEncoder) -> AsyncIterator[Client]:
    installed = install(cache_directory(os.environ), Console(sys.stderr))
    wanted = [engine for engine in engines(settings, installed) if engine.name != "triton"]
    stop = asyncio.Event()
    with Supervisor(wanted) as supervisor:
        await asyncio.to_thread(supervisor.start)
        worker = asyncio.create_task(
            Worker(settings, ROLES, KeptAdapters(settings, encoder)).run(stop)
        )
        client = await asyncio.to_thread(Client, settings)
        try:
            with client:
                yield client
        finally:
            stop.set()
            await worker


class _Replay:
    """One run through the topics."""

    def __init__(self, client: Client, feedback: Callable[[Decided], t.FeedbackOffered]) -> None:
        self._client = client
        self._feedback = feedback
        self._follower = client.log.follow(
            {(SESSIONS.name, p): 0 for p in range(client.log.partitions(SESSIONS.name))}
        )

    async def run(
        self, start: Sequence[Row], requests: Sequence[Row], test: Sequence[Row]
    ) -> dict[str, float | None]:
        await asyncio.to_thread(self._offer, start)
        labels = len(learnable(start))
        await self._until(lambda: self._adopted_labels() == labels, "the first weights")
        before = await self._route(test)
        live = await self._teach(requests)
        await self._until(self._settled, "the last training")
        after = await self._route(test)
        promotions = len(self._told(t.WeightsPromoted))
        rolled = await self._route(test) if await self._rolled_back() else []
        same, all_of_them = await asyncio.to_thread(self._redecided)
        say(f"{same} of {all_of_them} decisions are the same when made again from the log")
        return {
            "accuracy_before": _accuracy(before),
            "accuracy_live": _accuracy(live),
            "accuracy": _accuracy(after),
            "accuracy_rolled_back": _accuracy(rolled) if rolled else None,
            "promotions": promotions,
            "decisions": all_of_them,
            "decisions_changed": all_of_them - same,
        }

    async def _rolled_back(self) -> bool:
        """Ask for the weights of before; False where there are none because no refit was better."""
        await asyncio.to_thread(tell, self._client, t.RollbackRequested(reason="benchmark"))
        await self._until(
            lambda: self._told(t.RollbackRefused) or self._told(t.WeightsPromoted)[-1].rolled_back,
            "the rollback",
        )
        last = self._told(t.WeightsPromoted)[-1]
        await self._until(lambda: self._in_force() == {last.version}, "every partition's rollback")
        return bool(last.rolled_back)

    def _offer(self, rows: Sequence[Row]) -> None:
        by_label: dict[str, list[str]] = {}
        for text, label in rows:
            by_label.setdefault(label, []).append(text)
        for label, texts in by_label.items():
            card = Card(
                description=described(label), examples=tuple(texts), policy="single",
                model=ModelName("extractive"),
            )  # fmt: skip
            self._client.send(REGISTRY, label, CapabilityOffered(card=card), _new_id())
        self._client.flush()

    async def _teach(self, rows: Sequence[Row]) -> list[Decided]:
        """Ask, and say of each answer what a person would."""
        live: list[Decided] = []
        for at in range(0, len(rows), WINDOW):
            decided = await self._ask(rows[at : at + WINDOW])
            for one in decided.values():
                await asyncio.to_thread(tell_quietly, self._client, self._feedback(one))
            await asyncio.to_thread(self._client.flush)
            live += decided.values()
            if len(live) % PAUSE == 0:
                # People ask more slowly than this: a training is over before the next is due.
                await self._until(self._settled, "what the feedback leads to")
                say(f"{len(live)} requests; lately {_accuracy(live[-500:]):.1f} % right")
        return live

    async def _route(self, rows: Sequence[Row]) -> list[Decided]:
        decided = [await self._ask(rows[at : at + 500]) for at in range(0, len(rows), 500)]
        return [one for some in decided for one in some.values()]

    async def _ask(self, rows: Sequence[Row]) -> dict[RunId, Decided]:
        """Send requests and return what became of each."""
        asked = {RunId(_new_id()): label for _, label in rows}
        await asyncio.to_thread(self._send, dict(zip(asked, rows, strict=True)))
        found: dict[RunId, Decided] = {}
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < len(asked):
            for event in await asyncio.to_thread(self._taken):
                if event.run_id in asked:
                    found[event.run_id] = Decided(asked[event.run_id], event)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(asked) - len(found)} requests were not routed")
        return found

    def _send(self, rows: dict[RunId, Row]) -> None:
        for run_id, (text, _) in rows.items():
            request = RequestReceived(
                run_id=run_id, model=ModelName(AUTOMATIC), text=text, messages=(),
                options=Options(), scopes=(), remember_in=None, stream=False,
            )  # fmt: skip
            self._client.send(SESSIONS, f"session-{run_id}", request, EventId(run_id))
        self._client.flush()

    def _taken(self) -> list[RequestRouted]:
        wire = self._client.wire
        records = self._follower.take(0.2)
        return [
            wire.open(record).event
            for record in records
            if wire.codec.kind_of(record.value) is RequestRouted
        ]

    # -- what the log says

    def _told(self, *kinds: type) -> list[Any]:
        return [envelope.event for envelope in told(self._client, kinds)]

    def _settled(self) -> bool:
        """Whether all feedback was heard, and nothing it led to is under way."""
        counts = {
            kind: len(self._told(kind))
            for kind in (
                *(t.FeedbackOffered, t.FeedbackAccepted, t.FeedbackRefused),
                *(t.TrainingRequested, t.TrainingSettled),
                *(t.ComparisonRequested, t.WeightsCompared),
            )
        }
        promoted = self._told(t.WeightsPromoted)
        return (
            counts[t.FeedbackOffered] == counts[t.FeedbackAccepted] + counts[t.FeedbackRefused]
            and counts[t.TrainingRequested] == counts[t.TrainingSettled]
            and counts[t.ComparisonRequested] == counts[t.WeightsCompared]
            and self._in_force() == {promoted[-1].version}
        )

    def _in_force(self) -> set[str]:
        """Return the versions that the partitions adopted last."""
        return {adopted[-1].version for adopted in self._adopted() if adopted}

    def _adopted_labels(self) -> int:
        return min((len(a[-1].weights.labels) if a else 0 for a in self._adopted()), default=0)

    def _adopted(self) -> list[list[RouterAdopted]]:
        return [
            [e.event for e in self._past(p) if isinstance(e.event, RouterAdopted)]
            for p in range(self._client.log.partitions(SESSIONS.name))
        ]

    def _past(self, partition: int) -> list[Envelope[Any]]:
        log, wire = self._client.log, self._client.wire
        kinds = {*ROUTER.reads, *ROUTER.grid.reads, *ROUTER.writes}
        return [
            wire.open(record)
            for records in log.read(SESSIONS.name, partition, *log.span(SESSIONS.name, partition))
            for record in records
            if wire.codec.kind_of(record.value) in kinds
        ]

    def _redecided(self) -> tuple[int, int]:
        """Make every decision again, from the log alone; return how many are the same, of all."""
        same = decisions = 0
        for partition in range(self._client.log.partitions(SESSIONS.name)):
            past = self._past(partition)
            made = {e.cause_id: e.event for e in past if author_of(e.head) == ROUTER.name}
            ledger, grid = Ledger(ROUTER), ROUTER.grid.initial
            for envelope in past:
                if isinstance(envelope.event, ROUTER.grid.reads):
                    grid = ROUTER.grid.evolve(grid, envelope.event)
                elif isinstance(envelope.event, ROUTER.reads):
                    for event in ledger.decide(envelope, grid) or ():
                        decisions += 1
                        same += made.get(envelope.event_id) == event
        return same, decisions

    async def _until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not await asyncio.to_thread(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come within {PATIENCE_S:.0f} s")
            await asyncio.sleep(0.5)


def tell_quietly(client: Client, event: Any) -> None:
    """Send an event to the tuner; it is durable after the next flush."""
    client.send(TUNING, ROUTER_KEY, event, _new_id())


def _new_id() -> EventId:
    return EventId(minted(int(time.time() * 1000), os.urandom(10)))


def _accuracy(decided: Sequence[Decided]) -> float:
    inside = [one for one in decided if one.label != OUTSIDE]
    return 100 * fmean(one.event.capability == one.label for one in inside)
