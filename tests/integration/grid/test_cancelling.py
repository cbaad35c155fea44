"""A run that was cancelled has its call to a model broken off, and its session goes on at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from engines.ports import free_port
from streams.events.sessions import CANCELLED, InferenceFailed, RunFailed
from streams.ids import RunId
from streams.io.client import Client
from streams.topics import SESSIONS
from tests.integration.grid.harness import Grid, running
from tests.integration.grid.test_breaker import Asking

pytestmark = pytest.mark.integration


class Endless(ThreadingHTTPServer):
    """Says a word at a time for as long as it is listened to; `gone` counts who no longer was."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Speaking)
        self.called = self.gone = 0
        self.over = threading.Event()


class Speaking(BaseHTTPRequestHandler):
    """Streams words, one every twentieth of a second."""

    server: Endless

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.called += 1
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        word = b'data: {"choices": [{"index": 0, "delta": {"content": "and "}}]}\n\n'
        try:
            while not self.server.over.wait(0.05):
                self.wfile.write(word)
        except OSError:
            self.server.gone += 1

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def endless(port: int) -> Iterator[Endless]:
    server = Endless(port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_model_is_not_listened_to_for_a_run_that_has_ended(
    log_grid: Grid, client: Client
) -> None:
    port = free_port()
    worker = log_grid.role(
        "cancelling", "-m", "cli.main", "worker", "models",
        AETHER_MODELS__FLAKY__BASE_URL=f"http://127.0.0.1:{port}/v1",
        AETHER_MODELS__FLAKY__MODEL="endless",
    )  # fmt: skip
    asking = Asking(log_grid, client)
    with endless(port) as server, running(worker):
        name = asking.ask(stream=True)
        asking.until(lambda: server.called, "the model was asked")
        assert (server.gone, asking.outcome(name)) == (0, None)
        run = RunId(name)
        asking.send(SESSIONS, run, RunFailed(run_id=run, reason=CANCELLED, detail="by a client"))
        asking.until(lambda: server.gone, "the call was broken off")
        asking.until(lambda: asking.outcome(name), "its outcome")
        outcome = asking.outcome(name)
        assert isinstance(outcome, InferenceFailed)
        assert outcome.reason == CANCELLED
        assert server.called == 1
        worker.stop()
