"""What a start asks of a registry: each question costs every start, and there are a hundred."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from streams.io.registry import COMPATIBILITY, ConfluentRegistry

SCHEMA = '{"type": "record", "name": "Told", "fields": []}'


class Counting(ThreadingHTTPServer):
    """A registry where `there` is registered, under our rule, and nothing else is."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Saying)
        self.asked: list[str] = []


class Saying(BaseHTTPRequestHandler):
    server: Counting

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        known = {"subject": "there", "version": 1, "id": 7, "schema": SCHEMA}
        rule = {"compatibilityLevel": COMPATIBILITY, "compatibility": COMPATIBILITY}
        said = ["there"] if path == "/subjects" else rule if path.startswith("/config") else known
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("new", ["PUT /config/new", "POST /subjects/new/versions"]),
        ("there", ["GET /config/there", "POST /subjects/there"]),
    ],
)
def test_a_start_asks_twice_about_each_schema(
    server: Counting, subject: str, asked: list[str]
) -> None:
    with closing(ConfluentRegistry(f"http://127.0.0.1:{server.server_port}")) as registry:
        registry.check(subject, SCHEMA)
        assert registry.register(subject, SCHEMA) == 7
    assert server.asked == ["GET /subjects", *asked]
