"""The way in: tokens pass at once, and clients read the gateway's errors, not the proxy's."""

import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from engines.places import INFRA
from engines.ports import LOOPBACK, free_port
from streams.io.settings import Settings
from tests.infra.programs import program, run
from tests.infra.servers import Handler, serving

TEXT = (INFRA / "nginx/nginx.conf").read_text()
TIMEOUT_S = 60.0
MIB = 1_048_576


def number(directive: str) -> int:
    found = re.search(rf"{directive} (\d+)[sm];", TEXT)
    assert found is not None
    return int(found[1])


def test_the_proxy_waits_longer_and_takes_more_than_the_gateway() -> None:
    gateway = Settings().gateway
    assert gateway.timeout_s < number("proxy_read_timeout") <= gateway.timeout_s + 60
    assert gateway.body_bytes_max < number("client_max_body_size") * MIB
    assert number("client_max_body_size") * MIB <= gateway.body_bytes_max + MIB


class Gateway(Handler):
    """Stands for the gateway: streams a second token only once the first has been read."""

    first_was_read = threading.Event()

    def do_GET(self) -> None:  # noqa: N802 - its own name
        framed = self.path == "/chunked"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        # Unframed, nothing but our setting keeps the proxy from waiting for a full buffer.
        self.send_header(*(("transfer-encoding", "chunked") if framed else ("connection", "close")))
        self.end_headers()
        self._send(b"data: one\n\n", framed)
        assert self.first_was_read.wait(TIMEOUT_S)
        self._send(b"data: two\n\n", framed)
        self._send(b"", framed)

    def do_POST(self) -> None:  # noqa: N802 - its own name
        length = int(self.headers["content-length"])
        while length:
            length -= len(self.rfile.read(min(length, MIB)))
        body = b'{"error": "the gateway says so"}'
        self.send_response(413)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send(self, content: bytes, framed: bool) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content) if framed else content)
        self.wfile.flush()


class Way(NamedTuple):
    """A real NGINX, and the port behind it where a gateway may listen."""

    port: int
    gateway: int


def here(text: str, folder: Path, way: Way) -> Path:
    """Write the configuration for this machine: other addresses and folders, nothing else."""
    for old, new in (
        ("listen 8080", f"listen {LOOPBACK}:{way.port}"),
        ("gateway:8080", f"{LOOPBACK}:{way.gateway}"),
        ("/tmp/", f"{folder}/"),
        ("/dev/stderr", f"{folder}/error.log"),
    ):
        assert old in text
        text = text.replace(old, new)
    if os.geteuid() == 0:  # else its workers may not enter the folder
        text = f"user root;\n{text}"
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


def nginx(config: Path, *arguments: str) -> list[str]:
    found = program("nginx", "apt install nginx-light")
    return [found, "-p", f"{config.parent}/", "-e", "stderr", "-c", str(config), *arguments]


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    """NGINX with our configuration, and nothing behind it yet."""
    way = Way(free_port(), free_port())
    command = nginx(here(TEXT, tmp_path, way), "-g", "daemon off;")
    with subprocess.Popen(command) as running:
        try:
            _await(way.port)
            yield way
        finally:
            running.terminate()


def _await(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def gateway(way: Way) -> Iterator[Way]:
    """The same with a gateway behind it."""
    Gateway.first_was_read.clear()
    with serving(way.gateway, Gateway):
        yield way
        Gateway.first_was_read.set()


def ask(way: Way, method: str, path: str, body: bytes | None = None) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=TIMEOUT_S) as client:
        return client.request(method, f"http://{LOOPBACK}:{way.port}{path}", content=body)


def test_nginx_accepts_the_file(tmp_path: Path) -> None:
    checked = run(nginx(here(TEXT, tmp_path, Way(free_port(), free_port())), "-t"))
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


@pytest.mark.parametrize("path", ["/chunked", "/until-closed"])
def test_a_token_arrives_before_the_next_one_is_made(gateway: Way, path: str) -> None:
    url = f"http://{LOOPBACK}:{gateway.port}{path}"
    with (
        httpx.Client(trust_env=False, timeout=TIMEOUT_S) as client,
        client.stream("GET", url) as answer,
    ):
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: one\n\n"
        Gateway.first_was_read.set()
        assert next(pieces) == b"data: two\n\n"


def test_a_body_over_the_gateways_limit_gets_the_gateways_answer(gateway: Way) -> None:
    body = b" " * (Settings().gateway.body_bytes_max + 1)
    answer = ask(gateway, "POST", "/v1/chat/completions", body)
    assert (answer.status_code, answer.json()) == (413, {"error": "the gateway says so"})


def test_without_a_gateway_the_answer_is_an_error_that_clients_understand(way: Way) -> None:
    answer = ask(way, "POST", "/v1/chat/completions", b"{}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "gateway_away"


def test_counters_are_not_shown_outside(gateway: Way) -> None:
    answer = ask(gateway, "GET", "/metrics")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_nginx_says_itself_whether_it_is_well(way: Way) -> None:
    assert ask(way, "GET", "/-/nginx").status_code == 204
