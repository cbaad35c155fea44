"""`GET /api/events/{topic}`: pages and live streams, and coming back to both without a gap."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.events.memory import MemoryOffered, RecallJudged
from streams.ids import ScopeId
from streams.log import Draft
from streams.topics import MEMORY, SESSIONS
from tests.examples import CONTENT, EVENTS
from tests.unit.gateway.api.events import DATA, PATH
from tests.unit.gateway.api.test_produce import problem
from tests.unit.gateway.door import Door, opened

SSE = {"accept": "text/event-stream"}
OFFERED = MemoryOffered(content=CONTENT)
JUDGED = RecallJudged(question="q", scopes=(ScopeId("grid"),), useful=())


def fill(door: Door, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        door.grid.land(MEMORY, f"key-{number}", OFFERED)


async def pages(door: Door, **query: Any) -> AsyncIterator[dict[str, Any]]:
    """Yield every page from a first one on."""
    while True:
        answer = await door.http.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        if answer.json()["next_cursor"] is None:
            return
        query |= {"cursor": answer.json()["next_cursor"]}


async def heard(door: Door, count: int, path: str = PATH, **headers: str) -> list[dict[str, Any]]:
    """Return the first events of a stream."""
    found: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(60),
        door.http.stream("GET", path, headers={**SSE, **headers}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        said: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                said[name] = value
            elif "data" in said:
                found.append({**json.loads(said["data"]), "sse": (said["id"], said["event"])})
                said = {}
                if len(found) == count:
                    break
    return found


def keys(events: list[dict[str, Any]]) -> list[str]:
    return [event["partitionkey"] for event in events]


async def test_pages_hold_every_record_once_in_the_order_of_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 25)
        found = [page["data"] async for page in pages(door, limit=7)]
    assert [len(page) for page in found] == [7, 7, 7, 4]
    assert [key for page in found for key in keys(page)] == [f"key-{n}" for n in range(25)]


async def test_an_event_is_shown_as_it_stands_in_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        draft = door.grid.wire.draft(MEMORY.name, 2, b"grid", OFFERED, [])
        head = [("ce_id", b"i"), ("aether_cause", b"0/0/1"), ("aether_processor", b"memory/1")]
        door.grid.broker.land(draft._replace(headers=[*head, ("ce_shard", b"7")]))
        (event,) = (await door.http.get(PATH)).json()["data"]
    assert event.pop("recordedtime") == event.pop("time")
    assert event == {
        "specversion": "1.0",
        "id": "i",
        "source": "/unknown",
        "type": "aether.memory.MemoryOffered.v1",
        "partitionkey": "grid",
        "topic": MEMORY.name,
        "partition": 2,
        "offset": 0,
        "shard": "7",
        "aethercause": "0/0/1",
        "aetherprocessor": "memory/1",
        "datacontenttype": "application/json",
        "data": DATA,
    }


async def test_what_cannot_be_read_is_shown_with_the_reason(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        door.grid.broker.land(Draft(MEMORY.name, 0, b"\xff", b"no avro", []))
        (event,) = (await door.http.get(PATH)).json()["data"]
    assert "wire format" in event["unreadable"]
    assert event["data"] is None


async def test_a_listener_hears_what_cannot_be_read_whatever_it_calls_itself(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as door:
        for kind in (b"aether.memory.Unknown.v9", b"com.acme.error.v1", b"a.b\ndata: {}\n\n.v1"):
            door.grid.broker.land(Draft(MEMORY.name, 0, b"key", b"no avro", [("ce_type", kind)]))
        told = await heard(door, 3, f"{PATH}?from=start")
    assert [event["sse"][1] for event in told] == ["record"] * 3
    assert all("wire format" in event["unreadable"] for event in told)


async def test_a_page_may_begin_at_a_time_and_hold_some_types_or_one_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 10)
        door.grid.land(MEMORY, "key-3", JUDGED)
        whole = (await door.http.get(PATH)).json()["data"]
        since = (await door.http.get(PATH, params={"from": whole[6]["recordedtime"]})).json()
        judged = (await door.http.get(PATH, params={"type": "RecallJudged"})).json()["data"]
        one = (await door.http.get(PATH, params={"key": "key-3"})).json()["data"]
        end = (await door.http.get(PATH, params={"from": "end"})).json()
    assert since["data"] == whole[6:]
    assert judged == whole[10:]
    assert one == [whole[3], whole[10]]
    assert end == {"data": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"limit": "9" * 50}, "limit"),
        ({"cursor": "1"}, "cursor"),
        ({"cursor": "0.0.0.x"}, "cursor"),
        ({"cursor": "9.0.0.0"}, "cursor"),
        ({"cursor": "9" * 5_000}, "cursor"),
        ({"from": "yesterday"}, "from"),
        ({"from": "0001-01-01T00:00:00"}, "from"),
        ({"type": "Nothing"}, "type"),
        ({"colour": "red"}, "colour"),
        ([("key", "a"), ("key", "b")], "key"),
    ],
)
async def test_a_query_that_cannot_be_meant_is_named(
    query: Any, place: str, tmp_path: Path
) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.get(PATH, params=query)
    assert problem(answer) == (400, "invalid_request", [place])


async def test_a_topic_that_is_not_there_is_said_to_be_unknown(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        for topic in ("aether.nothing.events", "__consumer_offsets", "a" * 300, "größe"):
            answer = await door.http.get(f"/api/events/{topic}")
            assert problem(answer)[:2] == (404, "unknown_topic")


async def test_a_cursor_below_what_the_log_holds_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 40)
        door.grid.broker.truncate(MEMORY.name, 0, 3)
        answer = await door.http.get(PATH, params={"cursor": "1.0.0.0"})
    assert problem(answer)[:2] == (410, "log_truncated")


async def test_a_stream_tells_what_was_and_what_comes(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 10)
        listening = asyncio.create_task(heard(door, 30, f"{PATH}?from=start"))
        for number in range(10, 30):
            fill(door, 1, number)
            await asyncio.sleep(0)
        events = await listening
    assert sorted(keys(events)) == sorted(f"key-{n}" for n in range(30))
    assert keys(events)[:10] == [f"key-{n}" for n in range(10)]
    assert {event["sse"][1] for event in events} == {"MemoryOffered"}


async def test_a_stream_goes_on_behind_any_event_in_every_partition(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 30)
        whole = await heard(door, 30, f"{PATH}?from=start")
        for at in (0, 7, 28):
            last = {"last-event-id": whole[at]["sse"][0]}
            rest = await heard(door, 29 - at, f"{PATH}?from=start", **last)
            assert rest == whole[at + 1 :]


async def test_a_stream_that_asks_for_nothing_begins_at_the_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 5)
        listening = asyncio.create_task(heard(door, 1))
        async with asyncio.timeout(60):
            number = 5
            while not listening.done():  # it may not listen yet
                fill(door, 1, number)
                number += 1
                await asyncio.sleep(0.01)
        (event,) = await listening
    assert int(event["partitionkey"].removeprefix("key-")) >= 5


async def test_who_heard_nothing_yet_comes_back_to_all_that_came_meanwhile(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        fill(door, 5)
        async with asyncio.timeout(60), door.http.stream("GET", PATH, headers=SSE) as answer:
            lines = answer.aiter_lines()
            while not (line := await anext(lines)).startswith("id: "):
                pass
        fill(door, 3, 5)
        found = await heard(door, 3, PATH, **{"last-event-id": line.removeprefix("id: ")})
    assert sorted(keys(found)) == [f"key-{n}" for n in (5, 6, 7)]


async def test_a_last_event_id_of_another_topic_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.get(PATH, headers={**SSE, "last-event-id": "1.2"})
    assert problem(answer) == (400, "invalid_request", ["last-event-id"])


async def test_a_slow_listener_misses_nothing(tmp_path: Path) -> None:
    """More comes than may wait for it: it reads the log for the rest."""
    async with opened(tmp_path) as door:
        fill(door, 1)
        async with asyncio.timeout(60), door.http.stream(
            "GET", f"{PATH}?from=start", headers=SSE
        ) as answer:  # fmt: skip
            lines = answer.aiter_lines()
            while not (await anext(lines)).startswith("data: "):
                pass
            await asyncio.to_thread(fill, door, 5_000, 1)
            found = ["key-0"]
            async for line in lines:
                if line.startswith("data: "):
                    found.append(json.loads(line[6:])["partitionkey"])
                    if len(found) == 5_001:
                        break
    assert sorted(found) == sorted(f"key-{n}" for n in range(5_001))


async def test_a_topic_is_followed_only_while_somebody_listens(tmp_path: Path) -> None:
    import threading

    def followed() -> bool:
        return any(t.name == f"tail-{MEMORY.name}" for t in threading.enumerate())

    async with opened(tmp_path) as door:
        fill(door, 1)
        await heard(door, 1, f"{PATH}?from=start")
        async with asyncio.timeout(30):
            while followed():
                await asyncio.sleep(0.01)


async def test_a_run_is_a_page_of_its_events_or_a_stream_that_ends(tmp_path: Path) -> None:
    names = ("RequestReceived", "RunStarted", "ResponseCompleted")
    async with opened(tmp_path) as door:
        for name in names:
            run = EVENTS[name].run_id.encode()  # type: ignore[union-attr]
            head = [("ce_correlationid", run), ("ce_id", name.encode())]
            door.grid.broker.land(
                door.grid.wire.draft(SESSIONS.name, None, b"s", EVENTS[name], head)
            )
        path = f"/api/runs/{EVENTS['RunStarted'].run_id}"  # type: ignore[union-attr]
        page = (await door.http.get(f"{path}/events")).json()
        answer = await door.http.get(f"{path}/events", headers=SSE)  # it ends by itself
        stream = await heard(door, 3, f"{path}/events")
        behind = await heard(door, 1, f"{path}/events", **{"last-event-id": stream[1]["sse"][0]})
        last = {**SSE, "last-event-id": stream[2]["sse"][0]}
        over = await door.http.get(f"{path}/events", headers=last, timeout=5)
        one = (await door.http.get(path)).json()
        missing = await door.http.get("/api/runs/nothing/events")
    assert [event["type"].split(".")[2] for event in page["data"]] == list(names)
    assert answer.text.count("\ndata: ") == 3
    assert [event["sse"][1] for event in stream] == list(names)
    assert behind == stream[2:]
    assert (over.status_code, over.content) == (204, b"")
    assert (one["outcome"], one["events"], one["answer"]) == (
        "completed", 3, EVENTS["ResponseCompleted"].text,  # type: ignore[union-attr]
    )  # fmt: skip
    assert problem(missing)[:2] == (404, "unknown_run")
