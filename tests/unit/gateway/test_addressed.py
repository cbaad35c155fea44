"""Who may ask by what name: no page but ours, and nobody under a name that is not ours."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gateway.api.events import PATH
from tests.unit.gateway.api.test_produce import problem
from tests.unit.gateway.door import CHAT, body, opened
from tests.unit.gateway.test_completions import error_of

EVIL = "https://evil.example"
DOORS = ["/", "/console/", "/livez", "/metrics", "/v1/models", "/api/runs", "/mcp", "/nothing"]


async def test_a_foreign_page_writes_nothing_although_its_request_needs_no_preflight(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as door:
        for origin in (EVIL, "null", "http://127.0.0.1.evil.example", "http://localhost@evil"):
            headers = {"content-type": "text/plain", "origin": origin}
            answer = await door.http.post(CHAT, json=body(), headers=headers)
            assert error_of(answer) == (403, "invalid_request_error", "foreign_origin")
        assert door.grid.requests() == []


@pytest.mark.parametrize("path", DOORS)
async def test_no_door_answers_to_a_name_that_is_not_ours(path: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door, asyncio.timeout(60):
        for host in ("evil.example", f"evil.example:{door.port}", "localhost.evil.example", "x"):
            headers = {"host": host, "origin": f"http://{host}"}  # of one origin, to the browser
            assert (await door.http.get(path, headers=headers)).status_code == 421


async def test_a_refusal_says_which_setting_lets_it_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        named = await door.http.get(PATH, headers={"host": "grid.example.org:1"})
        paged = await door.http.get(PATH, headers={"origin": "https://grid.example.org:1"})
    assert problem(named)[:2] == (421, "unknown_host")
    assert problem(paged)[:2] == (403, "foreign_origin")
    for answer in (named, paged):
        assert "'grid.example.org' to the setting gateway.hosts" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", None),
        ("LOCALHOST:8080", "http://localhost:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://localhost:3000"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("172.18.0.7:8080", None),  # as Prometheus asks a replica
        ("192.168.1.7", "https://192.168.1.7"),
        ("grid.example.org", "https://grid.example.org"),
        ("grid.example.org", "https://grid.example.org:8443"),
        ("127.0.0.1:8080", "https://grid.example.org"),  # a proxy that says its own name
        ("bound.example.org", None),
    ],
)
async def test_our_own_names_addresses_and_pages_are_let_in(
    host: str, origin: str | None, tmp_path: Path
) -> None:
    headers = {"host": host, **({"origin": origin} if origin else {})}
    known: dict[str, Any] = {"host": "bound.example.org", "hosts": ("Grid.example.org",)}
    async with opened(tmp_path, **known) as door:
        answer = await door.http.get("/v1/models", headers=headers)
    assert answer.status_code == 200


async def test_a_probe_needs_no_host(tmp_path: Path) -> None:
    async with opened(tmp_path) as door, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"GET /livez HTTP/1.0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
