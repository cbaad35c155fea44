"""The doors under `/api` on a real grid: events in, runs and events out, live and again."""

import json
import uuid
from typing import Any

import httpx
import pytest

from streams.partitioner import partition_of
from streams.topics import MEMORY
from tests.integration.grid.front import Front, until
from tests.unit.gateway.api.events import BATCHED, said

pytestmark = pytest.mark.integration

SSE = {"accept": "text/event-stream"}


@pytest.fixture
def http(started: Front) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{started.ports['gateway']}", timeout=120)


def texts_of(page: Any) -> list[str]:
    return [event["data"]["content"]["text"] for event in page["data"]]


def offer(text: str, scope: str) -> dict[str, Any]:
    event = said(str(uuid.uuid4()), partitionkey=scope)
    content = {**event["data"]["content"], "text": text, "key": ""}
    return {**event, "data": {**event["data"], "content": content}}


def test_what_is_offered_over_http_is_remembered_by_the_grid(http: httpx.Client) -> None:
    scope = f"user:{uuid.uuid4()}"
    batch = [offer(f"note {n} of {scope}", scope) for n in range(20)]
    path = f"/api/events/{MEMORY.name}"
    with http:
        assert http.post(path, json=batch, headers=BATCHED).status_code == 202

        def recorded() -> Any:
            query: dict[str, str | int] = {"key": scope, "type": "MemoryRecorded", "limit": 1000}
            page = http.get(path, params=query)
            assert page.status_code == 200, page.text
            return page.json()

        until(lambda: len(recorded()["data"]) == 20, "20 memories")
        assert sorted(texts_of(recorded())) == sorted(e["data"]["content"]["text"] for e in batch)
        partition = partition_of(scope.encode(), MEMORY.partitions)
        assert {event["partition"] for event in recorded()["data"]} == {partition}


def test_a_run_is_listed_and_told_live_and_again(started: Front, http: httpx.Client) -> None:
    question = f"What is {uuid.uuid4()}?"
    body = {"model": "aether", "messages": [{"role": "user", "content": question}]}
    with http:
        run_id = http.post("/v1/chat/completions", json=body).headers["x-request-id"]
        (run,) = http.get("/api/runs", params={"q": question}).json()["data"]
        assert (run["run_id"], run["outcome"]) == (run_id, "completed")
        assert http.get(f"/api/runs/{run_id}").json()["answer"]
        page = http.get(f"/api/runs/{run_id}/events").json()["data"]
        stream = http.get(f"/api/runs/{run_id}/events", headers=SSE).text
    told = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    assert [event["id"] for event in told] == [event["id"] for event in page]
    assert page[0]["type"] == "aether.sessions.RequestReceived.v1"
    assert page[-1]["type"] == "aether.sessions.ResponseCompleted.v1"


def test_everything_there_is_is_listed(http: httpx.Client) -> None:
    with http:
        topics = http.get("/api/topics").json()["data"]
        assert sum(topic["records"] for topic in topics) > 0
        assert len(http.get("/api/schemas").json()["data"]) > 50
