"""The gateway on a real server and a log in memory; the grid behind it says what a test says."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from gateway.api.retelling import Retelling
from gateway.app import assemble
from gateway.serve import Server
from streams import envelope as env
from streams.envelope import Envelope
from streams.errors import BrokerAway, DeliveryFailed
from streams.events import sessions as s
from streams.events.chunks import CallEmitted, TextEmitted
from streams.ids import CapabilityId, InferenceId, MemoryId, ModelName, RunId
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryFollower, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.sections import Gateway
from streams.io.wire import Wire
from streams.log import Record
from streams.topics import CHUNKS, SESSIONS, TOPICS, Topic
from tests.fakes import NumberedRegistry

CHAT = "/v1/chat/completions"
GENEROUS_S = 60.0

#: What clients ask with.
ASKED = (s.RequestReceived, s.EmbeddingRequested, s.CancellationRequested)
#: What the grid says to a request.
Script = Callable[[s.RequestReceived], Iterable[Any]]


def body(text: str = "How tall?", **fields: Any) -> dict[str, Any]:
    """Return a chat request."""
    return {"model": "aether", "messages": [{"role": "user", "content": text}], **fields}


def completed(run_id: RunId, text: str = "324 m.", **fields: Any) -> s.ResponseCompleted:
    cited = s.Citation(
        marker=1, memory_id=MemoryId("m"), title="Towers", uri="towers.md", quote="324 m."
    )
    known: dict[str, Any] = {
        "citations": (cited,),
        "capability": CapabilityId("answer"),
        "model": ModelName("extractive"),
        "finish_reason": "stop",
        "prompt_tokens": 7,
        "completion_tokens": 2,
    }
    return s.ResponseCompleted(run_id=run_id, text=text, **{**known, **fields})


def piece(run_id: RunId, start: int, text: str, choice: int = 0) -> TextEmitted:
    inference = InferenceId("i")
    return TextEmitted(run_id=run_id, inference_id=inference, start=start, text=text, choice=choice)


def called(run_id: RunId, start: int, arguments: str) -> CallEmitted:
    return CallEmitted(
        run_id=run_id, inference_id=InferenceId("i"), choice=0, call=0, call_id="c1",
        name="measure", start=start, arguments=arguments,
    )  # fmt: skip


def failed(run_id: RunId, reason: str) -> s.RunFailed:
    return s.RunFailed(run_id=run_id, reason=reason, detail=f"because of {reason}")


def answers(request: s.RequestReceived) -> Iterable[Any]:
    """Answer every request at once."""
    return (completed(request.run_id),)


def silent(request: s.RequestReceived) -> Iterable[Any]:
    """Leave the answer to the test."""
    return ()


class Grid(MemoryLog):
    """The log and what stands behind it; thread-safe where the gateway's threads meet."""

    def __init__(self, folder: Path, script: Script, in_flight_max: int) -> None:
        topics = TOPICS
        now = int(time.time() * 1000)  # a run's id says when it began
        broker = MemoryBroker({t.name: t.partitions for t in topics}, now)
        super().__init__(broker, in_flight_max)
        codec = Codec(NumberedRegistry())
        for topic in topics:
            codec.learn(topic, register=True)
        self.wire = Wire(codec, DirectoryStore(folder))
        self.script = script
        self.away = self.holding = False
        self.late: set[str] = set()  # topics of which no follower hears anything for now
        self.refusing: DeliveryFailed | None = None
        self.received: asyncio.Queue[Envelope[Any]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._turn = threading.Condition()

    def ping(self, timeout_s: float) -> None:
        if self.away:
            raise BrokerAway("Kafka does not answer")

    def serve(self, timeout_s: float = 0.0) -> int:
        if self.holding or not self.in_flight:
            return 0
        draft, delivered = self.in_flight.popleft()
        if self.refusing is not None:
            delivered(self.refusing)
            return 1
        with self._turn:
            self.broker.land(draft)
            self._turn.notify_all()
        delivered(None)
        if self.wire.codec.kind_of(draft.value) not in ASKED:
            return 1
        request = self.requests()[-1]
        self._loop.call_soon_threadsafe(self.received.put_nowait, request)
        if not isinstance(request.event, s.CancellationRequested):
            self.say(*self.script(request.event), key=request.key)
        return 1

    def say(self, *events: Any, key: str = "k") -> None:
        for event in events:
            topic = CHUNKS if isinstance(event, TextEmitted | CallEmitted) else SESSIONS
            self.land(topic, key, event)

    def land(self, topic: Topic, key: str, event: Any) -> None:
        with self._turn:
            head = (
                [(env.CORRELATION, run.encode())] if (run := getattr(event, "run_id", "")) else []
            )
            self.broker.land(self.wire.draft(topic.name, None, key.encode(), event, head))
            self._turn.notify_all()

    def requests(self) -> list[Envelope[Any]]:
        """Return every request so far, as it stands in the log."""
        places = [(SESSIONS.name, p) for p in range(SESSIONS.partitions)]
        records = [r for place in places for r in self.broker.records[place]]
        mine = [r for r in records if self.wire.codec.kind_of(r.value) in ASKED]
        return [self.wire.open(r) for r in sorted(mine, key=lambda r: r.timestamp_ms)]

    def follow(self, starts: Mapping[tuple[str, int], int]) -> MemoryFollower:
        return _Following(self, starts, self._turn)


class _Following(MemoryFollower):
    """Waits for news as Kafka's does."""

    def __init__(self, log: Grid, starts: Mapping[tuple[str, int], int], turn: Any) -> None:
        super().__init__(log, starts)
        self._grid = log
        self._turn = turn

    def take(self, timeout_s: float) -> list[Record]:
        with self._turn:
            taken = self._taken()
            if not taken:
                self._turn.wait(0.02)  # short, so that closing is quick
                taken = self._taken()
        return taken

    def _taken(self) -> list[Record]:
        late = any(topic in self._grid.late for topic, _ in self.positions())
        return [] if late else super().take(0)


class Door:
    """A gateway that is open."""

    def __init__(self, grid: Grid, http: httpx.AsyncClient, port: int) -> None:
        self.grid = grid
        self.http = http
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def waiters(self) -> int:
        """Return how many requests and runs are under way, this request left out."""
        text = (await self.http.get("/metrics")).text
        counts = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        names = ("aether_gateway_open_requests", "aether_gateway_waiting_runs")
        return int(sum(float(counts[name]) for name in names)) - 1

    async def cancelled(self) -> RunId:
        """Wait for what a gateway says when a client hangs up, and return its run."""
        async with asyncio.timeout(GENEROUS_S):
            said = (await self.grid.received.get()).event
            assert isinstance(said, s.CancellationRequested)
            return said.run_id

    async def asked(self) -> RunId:
        """Wait for the next request and return its run."""
        async with asyncio.timeout(GENEROUS_S):
            run_id: RunId = (await self.grid.received.get()).event.run_id
            return run_id


@asynccontextmanager
async def opened(
    folder: Path,
    script: Script = answers,
    *,
    in_flight_max: int = 1_000,
    away: bool = False,
    retelling: Retelling | None = None,
    grace_s: int = 5,
    **settings: Any,
) -> AsyncIterator[Door]:
    """Open a gateway's door on a free port."""
    grid = Grid(folder, script, in_flight_max)
    grid.away = away
    given = Gateway(**{"timeout_s": GENEROUS_S, **settings})
    app = assemble(given, grid.wire, grid, grid, retelling)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=grace_s
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, timeout=GENEROUS_S, trust_env=False) as http:
            await _ready(http, away)
            yield Door(grid, http, port)
    finally:
        server.should_exit = True
        await serving


async def _ready(http: httpx.AsyncClient, away: bool) -> None:
    deadline = time.monotonic() + GENEROUS_S
    while time.monotonic() < deadline:
        try:
            said = (await http.get("/readyz?verbose")).json()["checks"]
        except httpx.TransportError:
            said = {}
        if said.get("runs") == "ok" and (said["kafka"] == "ok") is not away:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the gateway was never ready")


def trace_of(request: Envelope[Any]) -> bytes | None:
    """Return the trace that came with a request."""
    return request.head.get(env.TRACE_PARENT)
