"""`/mcp` as the protocol's own client sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.client import Client

from streams.topics import MEMORY
from tests.unit.gateway.api.events import DATA, TYPE, written
from tests.unit.gateway.api.test_runs import ask, script
from tests.unit.gateway.door import Door, opened


@asynccontextmanager
async def agent(folder: Path) -> AsyncIterator[tuple[Door, Client]]:
    async with opened(folder, script) as door, Client(f"{door.url}/mcp") as client:
        yield door, client


async def call(client: Client, name: str, **arguments: Any) -> Any:
    answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


async def refusal(client: Client, name: str, **arguments: Any) -> str:
    answer = await client.call_tool(name, arguments)
    assert answer.is_error
    return str(answer.content[0].text)  # type: ignore[union-attr]


async def test_its_tools_are_named_and_described(tmp_path: Path) -> None:
    async with agent(tmp_path) as (_, client):
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [
        "search_runs", "get_run", "produce_event", "query_history", "lag",
    ]  # fmt: skip
    assert all(tool.description for tool in tools)


async def test_runs_are_searched_and_told(tmp_path: Path) -> None:
    async with agent(tmp_path) as (door, client):
        await ask(door, 4)
        found = (await call(client, "search_runs", outcome="completed"))["runs"]
        run = await call(client, "get_run", run_id=found[0]["run_id"])
        assert "nothing" in await refusal(client, "get_run", run_id="nothing")
    assert [each["question"] for each in found] == ["2", "1"]
    assert run["answer"] == "about 2"
    assert run["events"][0]["type"] == "aether.sessions.RequestReceived.v1"


async def test_an_event_is_appended_and_found_in_history(tmp_path: Path) -> None:
    async with agent(tmp_path) as (door, client):
        given = {"topic": MEMORY.name, "event_type": TYPE, "key": "grid", "data": DATA}
        made = await call(client, "produce_event", **given)
        history = await call(client, "query_history", topic=MEMORY.name, key="grid")
        none = await call(client, "query_history", topic=MEMORY.name, event_type="RecallJudged")
        assert len(written(door)) == 1
    assert [event["id"] for event in history["events"]] == [made["id"]]
    assert history["events"][0]["data"] == DATA
    assert none == {"events": [], "next_cursor": None}


async def test_what_a_door_refuses_a_tool_refuses_and_says_why(tmp_path: Path) -> None:
    async with agent(tmp_path) as (door, client):
        given = {"topic": MEMORY.name, "key": "grid", "data": DATA}
        derived = "aether.memory.MemoryRecorded.v1"
        assert "decided by the grid" in await refusal(
            client, "produce_event", **given, event_type=derived
        )
        wrong = {**given, "data": {}}
        assert "/content: is missing" in await refusal(
            client, "produce_event", **wrong, event_type=TYPE
        )
        assert "no topic" in await refusal(client, "query_history", topic="nothing")
        assert "limit" in await refusal(client, "search_runs", limit=0)
        assert written(door) == []


async def test_lag_is_what_the_observer_saw(tmp_path: Path) -> None:
    async with agent(tmp_path) as (_, client):
        told = await call(client, "lag")
    assert told == {"age_s": None, "groups": [], "probes": told["probes"]}
