"""Whose memory a request reaches: its own names' alone, whatever they are."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.gateway.door import CHAT, body, opened

#: Names that would reach further if a name could choose the kind of its scope, or be a pattern.
TRICKS = (
    "grid", "session:ada", "user:ada", "tenant:acme", ":", "ada:", "*", "a*", "../session:ada",
    "ada,grid", "ada\u2028grid", "\u202eada", "\u0430\u0501\u0430", "\uff41\uff44\uff41",
    "ada\u200b", "cafe\u0301", "[\"grid\"]", "' OR '1'='1", "ada; x-aether-tenant=acme",
    "null", "0",
)  # fmt: skip
UNFIT = ("@grid", " ada", "ada ", "\u00a0ada", "ada\0", "ada\r\nx-aether-tenant: acme", "a" * 201)


async def asked(folder: Path, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    """Ask, and return the answer's status with the request in the log, if there is one."""
    encoded = {name.encode(): value.encode() for name, value in (headers or {}).items()}
    async with opened(folder) as door:
        response = await door.http.post(CHAT, json=body(**fields), headers=encoded)
        requests = [request.event for request in door.grid.requests()]
    return response, requests[0] if requests else None


@pytest.mark.parametrize(
    ("headers", "fields", "scopes", "remember_in"),
    [
        ({}, {}, ("grid",), None),
        ({}, {"user": None}, ("grid",), None),
        ({}, {"user": "ada"}, ("grid", "user:ada"), "user:ada"),
        ({"x-aether-user": "größe"}, {}, ("grid", "user:größe"), "user:größe"),
        ({"x-aether-user": "ada"}, {"user": "bob"}, ("grid", "user:ada"), "user:ada"),
        ({"x-aether-tenant": "acme"}, {}, ("grid", "tenant:acme"), None),
        (
            {"x-aether-session": "s", "x-aether-tenant": "acme"},
            {"user": "ada"},
            ("grid", "session:s", "user:ada", "tenant:acme"),
            "session:s",
        ),
    ],
)
async def test_a_request_recalls_from_whom_it_names_and_is_remembered_by_one(
    headers: dict[str, str], fields: Any, scopes: tuple[str, ...], remember_in: Any, tmp_path: Path
) -> None:
    _, request = await asked(tmp_path, headers, **fields)
    assert (request.scopes, request.remember_in) == (scopes, remember_in)


@pytest.mark.parametrize("name", TRICKS)
async def test_a_name_stays_a_name_of_its_kind(name: str, tmp_path: Path) -> None:
    headers = {"x-aether-tenant": name}
    _, request = await asked(tmp_path, headers, user=name, metadata={"session_id": name})
    assert request.scopes == ("grid", f"session:{name}", f"user:{name}", f"tenant:{name}")
    assert request.remember_in == f"session:{name}"


@pytest.mark.parametrize("name", ["", *UNFIT])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_user_that_cannot_be_named_is_refused_before_anything_is_sent(
    name: str, stream: bool, tmp_path: Path
) -> None:
    response, request = await asked(tmp_path, user=name, stream=stream)
    error = response.json()["error"]
    assert (response.status_code, error["param"], request) == (400, "user", None)
    assert "the name of a user has 1 to 200 printable characters" in error["message"]


@pytest.mark.parametrize("name", ["@grid", "a" * 201, "a\x85b", "a\u200a"])
@pytest.mark.parametrize("what", ["session", "user", "tenant"])
async def test_a_header_that_names_nothing_is_refused(what: str, name: str, tmp_path: Path) -> None:
    response, request = await asked(tmp_path, {f"x-aether-{what}": name})
    assert (response.status_code, request) == (400, None)
    assert f"the name of a {what} has" in response.json()["error"]["message"]


@pytest.mark.parametrize("name", [7, ["ada"], {"name": "ada"}, True])
async def test_a_user_that_is_no_text_is_refused(name: Any, tmp_path: Path) -> None:
    response, request = await asked(tmp_path, user=name)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "user")
    assert request is None
