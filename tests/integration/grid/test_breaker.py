"""A model that is away is left alone, and its askers hear so at once, until it answers again."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from engines.ports import free_port
from streams.events.healing import BreakerClosed, BreakerOpened, HealingPolicySet
from streams.events.sessions import InferenceCompleted, InferenceFailed
from streams.ids import EventId, InferenceId, ModelName, RunId, derived
from streams.io.client import Client
from streams.topics import GRID_KEY, OBSERVATIONS, SESSIONS, Topic
from tests.examples import EVENTS
from tests.integration.grid.harness import Grid, everything, running

pytestmark = pytest.mark.integration

MODEL = ModelName("flaky")
POLICY = HealingPolicySet(
    restart=False, after_s=30, cooldown_s=120, per_hour=3, breakers=True, calls_min=3, open_s=4.0
)


class Answering(BaseHTTPRequestHandler):
    """Says yes to everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        choice = {"index": 0, "message": {"content": "yes"}, "finish_reason": "stop"}
        body = json.dumps({"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def model_on(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Asking:
    """Asks the model, and sees what is said of it."""

    def __init__(self, grid: Grid, client: Client) -> None:
        self._grid = grid
        self._client = client

    def ask(self, *, stream: bool = False) -> InferenceId:
        name = InferenceId(f"asked-{time.time_ns()}")
        example: Any = EVENTS["InferenceRequested"]
        request = replace(
            example, run_id=RunId(name), inference_id=name, model=MODEL,
            stream=stream,
        )  # fmt: skip
        self.send(SESSIONS, name, request)
        return name

    def send(self, topic: Topic, key: str, event: Any) -> None:
        self._client.send(topic, key, event, EventId(derived(key, time.time_ns())))
        self._client.flush()

    def events(self, topic: Topic, kind: type) -> list[Any]:
        codec = self._client.wire.codec
        records = [r for r in everything(self._client, topic) if codec.kind_of(r.value) is kind]
        return [self._client.wire.open(record).event for record in records]

    def outcome(self, name: InferenceId) -> Any:
        kinds = InferenceCompleted, InferenceFailed
        found = [e for kind in kinds for e in self.events(SESSIONS, kind) if e.inference_id == name]
        return found[0] if found else None

    def until(self, condition: Callable[[], Any], what: str) -> None:
        self._grid.wait_until(lambda: bool(condition()), 90, what)


def test_a_model_that_is_away_is_left_alone_and_called_again_when_it_is_back(
    log_grid: Grid, client: Client
) -> None:
    port = free_port()
    worker = log_grid.role(
        "breaking", "-m", "cli.main", "worker", "models", "observer",
        AETHER_MODELS__FLAKY__BASE_URL=f"http://127.0.0.1:{port}/v1",
        AETHER_MODELS__FLAKY__MODEL="flaky",
    )  # fmt: skip
    asking = Asking(log_grid, client)
    asking.send(OBSERVATIONS, GRID_KEY, POLICY)
    with running(worker):
        first = asking.ask()
        asking.until(lambda: asking.events(OBSERVATIONS, BreakerOpened), "it is left alone")
        asking.until(lambda: asking.outcome(first), "an outcome long before patience ends")
        assert asking.outcome(first).reason == "breaker_open"
        assert "calls failed" in asking.outcome(first).detail
        with model_on(port):
            answered: list[Any] = []

            def back() -> bool:
                name = asking.ask()
                asking.until(lambda: asking.outcome(name), "an outcome")
                answered.append(asking.outcome(name))
                return bool(asking.events(OBSERVATIONS, BreakerClosed))

            asking.until(back, "it is called again")
        assert InferenceCompleted in {type(each) for each in answered}
        assert {e.reason for e in answered if isinstance(e, InferenceFailed)} == {"breaker_open"}
        closed = asking.events(OBSERVATIONS, BreakerClosed)[0]
        assert closed.target == "model/flaky"
        worker.stop()
