"""The doors that decide again: what they pass on, and what they refuse."""

from pathlib import Path

import pytest

from tests.unit.gateway.door import opened
from tests.unit.gateway.told import Told

STATE, FORKS = "/api/sessions/s-1/state", "/api/runs/r-1/forks"


async def test_a_state_is_that_of_the_moment_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path, retelling=Told()) as door:
        now = (await door.http.get(STATE)).json()["data"]
        then = (await door.http.get(STATE, params={"at": "e-7"})).json()["data"]
        never = await door.http.get(STATE, params={"at": "never"})
    assert now == [{"decider": "router", "state": {"session": "s-1", "at": "now"}}]
    assert then == [{"decider": "router", "state": {"session": "s-1", "at": "e-7"}}]
    assert (never.status_code, never.json()["code"]) == (404, "unknown_moment")


async def test_a_session_may_have_a_slash_in_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path, retelling=Told()) as door:
        answer = await door.http.get("/api/sessions/team%2F50%25%2Fstate/state")
    assert answer.json()["data"][0]["state"]["session"] == "team/50%/state"


async def test_a_run_is_told_again_once_for_one_idempotency_key(tmp_path: Path) -> None:
    told, branch = Told(), {"at": "e-7", "set": {"text": "What else?"}}
    async with opened(tmp_path, retelling=told) as door:
        key = {"idempotency-key": "k"}
        first = await door.http.post(FORKS, json=branch, headers=key)
        again = await door.http.post(FORKS, json=branch, headers=key)
    assert (first.status_code, first.json()) == (201, {"fork": "fork-1"})
    assert (again.status_code, again.json()) == (201, {"fork": "fork-1"})
    assert told.forked == [("r-1", "e-7", {"text": "What else?"})]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[]", 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b'{"at": 7}', 400, "invalid_request"),
        (b'{"set": []}', 400, "invalid_request"),
        (b'{"live": true}', 400, "invalid_request"),
        (b'{"at": "never"}', 422, "unknown_branch"),
        (b'{"at": "' + b"x" * 300_000 + b'"}', 413, "invalid_request"),
    ],
)
async def test_what_is_no_branch_is_refused_and_nothing_is_told(
    tmp_path: Path, body: bytes, status: int, code: str
) -> None:
    told = Told()
    async with opened(tmp_path, retelling=told) as door:
        answer = await door.http.post(FORKS, content=body)
    assert (answer.status_code, answer.json()["code"], told.forked) == (status, code, [])


async def test_without_one_who_decides_again_there_is_no_such_door(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert (await door.http.get(STATE)).status_code == 404
