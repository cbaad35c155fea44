"""Whatever answers in a registry's place, each answer means one thing."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from streams.errors import (
    AetherError,
    IncompatibleSchema,
    Misconfigured,
    RegistryAway,
    UnknownSchema,
)
from streams.io.registry import ConfluentRegistry

AWAY = {404, 408, 425, 429}


class Answering(ThreadingHTTPServer):
    """A server that says the same to everybody."""

    status, body = 200, b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Answering)
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(server.status)
        self.send_header("location", server.url + self.path)
        self.send_header("content-length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Answer) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def raised(server: Answering, status: int, body: bytes) -> type[AetherError]:
    server.status, server.body = status, body
    with closing(ConfluentRegistry(server.url)) as registry:
        with pytest.raises(AetherError) as told:
            registry.schema(7)
        assert str(7) in str(told.value)
    return type(told.value)


def meaning(status: int) -> type[AetherError]:
    if status >= 500 or status in AWAY:
        return RegistryAway
    return Misconfigured


STATUSES = [s.value for s in HTTPStatus if s.value >= 300 and s is not HTTPStatus.NOT_MODIFIED]


def test_every_status_without_a_registrys_code_is_away_or_a_wrong_address(
    server: Answering,
) -> None:
    found = {status: raised(server, status, b"<html>") for status in STATUSES}
    assert found == {status: meaning(status) for status in found}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, 40401, UnknownSchema),
        (404, 40403, UnknownSchema),
        (404, 404, RegistryAway),
        (404, None, RegistryAway),
        (409, 409, IncompatibleSchema),
        (422, 42201, IncompatibleSchema),
        (401, 40101, Misconfigured),
        (403, 40301, Misconfigured),
        (500, 50001, RegistryAway),
        (503, 50301, RegistryAway),
    ],
)
def test_a_registrys_code_says_what_it_means(
    server: Answering, status: int, code: int | None, kind: type[AetherError]
) -> None:
    assert raised(server, status, json.dumps({"error_code": code, "message": "m"}).encode()) is kind


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"7", b"{}", b'{"schema": null}', b"\xff", b""])
def test_an_answer_that_no_registry_gives_is_no_verdict_on_a_record(
    server: Answering, body: bytes
) -> None:
    assert raised(server, 200, body) is RegistryAway


def test_a_closed_port_is_away(server: Answering) -> None:
    server.server_close()
    registry = ConfluentRegistry(server.url)
    with closing(registry), pytest.raises(RegistryAway, match="no answer"):
        registry.schema(7)


def test_a_registry_that_does_not_answer_in_time_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        registry = ConfluentRegistry(url, timeout_s=0.2)
        with closing(registry), pytest.raises(RegistryAway, match="no answer"):
            registry.schema(7)


@pytest.mark.parametrize("url", ["", "registry:8081", "ftp://registry", "http://"])
def test_an_address_that_is_none_is_a_setting_to_mend(url: str) -> None:
    with pytest.raises(Misconfigured):
        ConfluentRegistry(url).schema(7)
