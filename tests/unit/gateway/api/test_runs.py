"""`GET /api/runs`, and what there is: topics and schemas."""

from pathlib import Path
from typing import Any

import pytest

from streams.events import AREAS
from streams.topics import MEMORY, TOPICS
from tests.unit.gateway.api.test_produce import problem
from tests.unit.gateway.door import CHAT, Door, body, completed, failed, opened


def script(request: Any) -> Any:
    """Fail every third question."""
    number = int(request.text)
    return (failed(request.run_id, "none_of_these"),) if number % 3 == 0 else (
        completed(request.run_id, f"about {number}"),
    )  # fmt: skip


async def ask(door: Door, count: int) -> None:
    for number in range(count):
        headers = {"x-aether-session": f"s{number % 2}"}
        await door.http.post(CHAT, json=body(str(number)), headers=headers)


async def listed(door: Door, **query: Any) -> list[list[str]]:
    """Return the questions of every page."""
    found = []
    while True:
        answer = await door.http.get("/api/runs", params=query)
        assert answer.status_code == 200, answer.text
        found.append([run["question"] for run in answer.json()["data"]])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
        query["cursor"] = cursor


async def test_runs_are_listed_newest_first_page_by_page(tmp_path: Path) -> None:
    async with opened(tmp_path, script) as door:
        await ask(door, 10)
        assert await listed(door) == [[str(n) for n in reversed(range(10))]]
        assert await listed(door, limit=4) == [
            ["9", "8", "7", "6"], ["5", "4", "3", "2"], ["1", "0"],
        ]  # fmt: skip


async def test_a_run_tells_how_it_ended(tmp_path: Path) -> None:
    async with opened(tmp_path, script) as door:
        await ask(door, 2)
        good, bad = (await door.http.get("/api/runs")).json()["data"]
        one = (await door.http.get(f"/api/runs/{good['run_id']}")).json()
        other = (await door.http.get(f"/api/runs/{bad['run_id']}")).json()
    assert (good["outcome"], good["model"], good["session"]) == ("completed", "extractive", "s1")
    assert (good["prompt_tokens"], good["completion_tokens"]) == (7, 2)
    assert good["milliseconds"] >= 0
    assert (bad["outcome"], bad["reason"]) == ("failed", "none_of_these")
    assert one["answer"] == "about 1"
    assert one["citations"][0]["title"] == "Towers"
    assert (other["answer"], other["detail"]) == (None, "because of none_of_these")


async def test_runs_are_found_by_outcome_session_and_words(tmp_path: Path) -> None:
    async with opened(tmp_path, script) as door:
        await ask(door, 12)
        assert await listed(door, outcome="failed") == [["9", "6", "3", "0"]]
        assert await listed(door, session="s1", outcome="failed") == [["9", "3"]]
        assert await listed(door, q="1") == [["11", "10", "1"]]
        assert await listed(door, capability="answer", session="s0") == [["10", "8", "4", "2"]]
        assert await listed(door, outcome="open") == [[]]
        answer = await door.http.get("/api/runs", params={"outcome": "lost"})
        assert problem(answer) == (400, "invalid_request", ["outcome"])


@pytest.mark.parametrize("path", ["/api/runs/none", "/api/runs/%FF", "/api/runs/%F0%9F%91%A9"])
async def test_an_unknown_run_is_said_to_be_none(path: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert problem(await door.http.get(path))[:2] == (404, "unknown_run")


async def test_topics_say_what_they_hold_and_who_writes(tmp_path: Path) -> None:
    async with opened(tmp_path, script) as door:
        await ask(door, 1)
        topics = (await door.http.get("/api/topics")).json()["data"]
        one = (await door.http.get(f"/api/topics/{MEMORY.name}")).json()
        assert problem(await door.http.get("/api/topics/none"))[:2] == (404, "unknown_topic")
    assert [topic["name"] for topic in topics] == [topic.name for topic in TOPICS]
    assert topics[0]["records"] == 2
    names = ("RequestReceived", "EmbeddingRequested")
    assert topics[0]["clients_write"] == [f"aether.sessions.{name}.v1" for name in names]
    assert one == topics[1]
    assert [p["partition"] for p in one["partitions"]] == [0, 1, 2, 3]


async def test_schemas_are_listed_and_found_by_name_and_type(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        data = (await door.http.get("/api/schemas")).json()["data"]
        one = (await door.http.get("/api/schemas/aether.memory.MemoryOffered")).json()
        same = (await door.http.get("/api/schemas/aether.memory.MemoryOffered.v1")).json()
        assert problem(await door.http.get("/api/schemas/none"))[:2] == (404, "unknown_schema")
    assert len(data) == sum(len(kinds) for kinds in AREAS.values())
    assert one == same == next(each for each in data if each["name"] == one["name"])
    assert one["schema"]["name"] == "MemoryOffered"
    assert one["clients_write"] is True
