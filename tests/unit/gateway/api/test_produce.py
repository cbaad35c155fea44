"""`POST /api/events/{topic}`: what gets in, as which record, and what is said of the rest."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.errors import DeliveryFailed
from streams.events.sessions import RequestReceived
from streams.ids import minted, of_source
from streams.io.avro_json import to_json
from streams.partitioner import partition_of
from streams.topics import FORKS, MEMORY, SESSIONS
from tests.examples import EVENTS
from tests.unit.gateway.api.events import BATCHED, DATA, PATH, STRUCTURED, headers, said, written
from tests.unit.gateway.door import Door, opened, silent

RECEIVED = EVENTS["RequestReceived"]
FIRST = of_source("/test", "1")


def problem(response: Any) -> tuple[int, str, list[str]]:
    """Return what a problem says: its status, its code, and the places that are wrong."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    told = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(told)
    assert told["status"] == response.status_code
    return told["status"], told["code"], [fault["pointer"] for fault in told.get("errors", [])]


@pytest.mark.parametrize("binary", [False, True])
async def test_an_event_becomes_the_record_that_it_says(binary: bool, tmp_path: Path) -> None:
    more = {"time": "2026-01-31T12:00:00Z", "shard": "7", "correlationid": "run"}
    trace = {"traceparent": "00-ab-cd-01"}
    async with opened(tmp_path) as door:
        if binary:
            answer = await door.http.post(PATH, json=DATA, headers={**headers(**more), **trace})
        else:
            answer = await door.http.post(PATH, json=said(**more, **trace), headers=STRUCTURED)
        (record,) = written(door)
        event = door.grid.wire.open(record)
    assert answer.status_code == 202
    assert answer.json() == {"data": [{"id": FIRST, "topic": MEMORY.name}]}
    assert to_json(event.event) == DATA
    assert (event.key, event.event_id, event.run_id) == ("grid", FIRST, "run")
    assert record.partition == partition_of(b"grid", MEMORY.partitions)
    assert dict(record.headers) == {
        "ce_id": FIRST.encode(),
        "ce_type": b"aether.memory.MemoryOffered.v1",
        "ce_specversion": b"1.0",
        "ce_source": b"/test",
        "ce_time": b"2026-01-31T12:00:00Z",
        "ce_correlationid": b"run",
        "ce_shard": b"7",
        "traceparent": b"00-ab-cd-01",
    }


@pytest.mark.parametrize(
    "time",
    ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456789z", "2026-01-31T12:00:00.5-08:00"],
)
async def test_any_time_of_rfc_3339_is_taken(time: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.post(PATH, json=said(time=time), headers=STRUCTURED)
        (record,) = written(door)
    assert answer.status_code == 202
    assert dict(record.headers)["ce_time"] == time.encode()


async def test_a_key_in_a_header_may_be_any_text(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        given = headers(partitionkey="user:gr%C3%B6%C3%9Fe")
        assert (await door.http.post(PATH, json=DATA, headers=given)).status_code == 202
        (record,) = written(door)
    assert record.key == "user:größe".encode()


async def test_a_question_that_comes_as_an_event_is_received(tmp_path: Path) -> None:
    event = said(
        type="aether.sessions.RequestReceived.v1", partitionkey="s", data=to_json(RECEIVED)
    )
    async with opened(tmp_path, silent) as door:
        path = f"/api/events/{SESSIONS.name}"
        assert (await door.http.post(path, json=event, headers=STRUCTURED)).status_code == 202
        (request,) = door.grid.requests()
    assert request.event == RECEIVED
    assert request.run_id == request.event.run_id


async def test_a_batch_is_written_in_its_order(tmp_path: Path) -> None:
    batch = [said(str(n)) for n in range(50)]
    async with opened(tmp_path) as door:
        answer = await door.http.post(PATH, json=batch, headers=BATCHED)
        ids = [dict(record.headers)["ce_id"] for record in written(door)]
    assert [each["id"] for each in answer.json()["data"]] == [
        of_source("/test", str(n)) for n in range(50)
    ]
    assert [name.decode() for name in ids] == [each["id"] for each in answer.json()["data"]]


async def test_an_id_is_its_sources_own_and_a_uuid_is_everybodys(tmp_path: Path) -> None:
    """What repeats is one event to every reader; what only counts alike is two."""
    own = minted(0, b"\xff" * 10)
    named = [("1", "/a"), ("1", "/b"), ("1", "/a"), (own, "/a"), (own.upper(), "/a")]
    async with opened(tmp_path) as door:
        for name, source in named:
            event = said(name, source=source)
            assert (await door.http.post(PATH, json=event, headers=STRUCTURED)).status_code == 202
        one, other, again, kept, odd = [door.grid.wire.open(r).event_id for r in written(door)]
    assert (one, kept) == (again, own)
    assert len({one, other, kept, odd}) == 4


BAD: dict[str, tuple[dict[str, Any], tuple[int, str, list[str]]]] = {
    "no id": ({"id": None}, (400, "invalid_request", ["/id"])),
    "no source": ({"source": ""}, (400, "invalid_request", ["/source"])),
    "no type": ({"type": None}, (400, "invalid_request", ["/type"])),
    "other version": ({"specversion": "0.3"}, (400, "invalid_request", ["/specversion"])),
    "time": ({"time": "yesterday"}, (400, "invalid_request", ["/time"])),
    "time without a zone": ({"time": "2026-01-31T12:00:00"}, (400, "invalid_request", ["/time"])),
    "ISO 8601's basic time": ({"time": "20260131T12Z"}, (400, "invalid_request", ["/time"])),
    "time with a blank": ({"time": "2026-01-31 12:00:00+00:00"},
                          (400, "invalid_request", ["/time"])),
    "no such day": ({"time": "2026-02-31T12:00:00Z"}, (400, "invalid_request", ["/time"])),
    "bytes": ({"data_base64": "AAA=", "data": None},
              (415, "unsupported_media_type", ["/data_base64"])),
    "no key": ({"partitionkey": None}, (400, "invalid_request", ["/partitionkey"])),
    "the grid's key": ({"partitionkey": "@grid"}, (400, "invalid_request", ["/partitionkey"])),
    "long key": ({"partitionkey": "k" * 201}, (400, "invalid_request", ["/partitionkey"])),
    "control": ({"id": "a\nb"}, (400, "invalid_request", ["/id"])),
    "object": ({"subject": {}}, (400, "invalid_request", ["/subject"])),
    "name": ({"Größe": "1"}, (400, "invalid_request", ["/Größe"])),
    "long": ({"subject": "x" * 2_000}, (400, "invalid_request", ["/subject"])),
    "many": ({f"a{n}": "1" for n in range(40)}, (400, "invalid_request", ["/"])),
    "unknown type": ({"type": "aether.memory.Nothing.v1"}, (400, "invalid_request", ["/type"])),
    "another topic's": ({"type": "aether.sessions.RequestReceived.v1"},
                        (400, "invalid_request", ["/type"])),
    "a decider's": ({"type": "aether.memory.MemoryRecorded.v1"}, (403, "derived_event", ["/type"])),
    "an effect's": ({"type": "aether.memory.MemoryPerceived.v1"},
                    (403, "derived_event", ["/type"])),
    "cause": ({"aether_cause": "0/0/1"}, (403, "reserved_attribute", [])),
    "bare cause": ({"aethercause": "0/0/1"}, (403, "reserved_attribute", [])),
    "processor": ({"aetherprocessor": "memory/1"}, (403, "reserved_attribute", [])),
    "request": ({"aetherrequest": "1"}, (403, "reserved_attribute", [])),
    "reference": ({"dataref": "sha256:00"}, (403, "reserved_attribute", [])),
    "response": ({"responsestored": "true"}, (403, "reserved_attribute", [])),
    "previous": ({"previousresponse": "resp_1"}, (403, "reserved_attribute", [])),
    "schema": ({"dataschema": "x/aether.memory.MemoryOffered2"},
               (422, "incompatible_schema", ["/dataschema"])),
    "no data": ({"data": None}, (422, "schema_mismatch", [""])),
    "wrong data": ({"data": {**DATA, "content": {**DATA["content"], "text": 7}}},
                   (422, "schema_mismatch", ["/content/text"])),
    "more data": ({"data": {**DATA, "more": 1}}, (422, "schema_mismatch", ["/more"])),
    "media type": ({"datacontenttype": "text/plain"}, (415, "unsupported_media_type", [])),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_what_is_wrong_is_named_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    changed, expected = BAD[name]
    async with opened(tmp_path) as door:
        alone = await door.http.post(PATH, json=said(**changed), headers=STRUCTURED)
        batch = [said("good"), said(**changed)]
        both = await door.http.post(PATH, json=batch, headers=BATCHED)
        assert written(door) == []
    assert problem(alone) == expected
    status, code, places = problem(both)
    assert (status, code) == expected[:2]
    assert all(place.startswith("/1") for place in places)


@pytest.mark.parametrize(
    "name", ["ce-aethercause", "ce-aether_cause", "ce_aether_cause", "aether_cause",
             "aether-processor", "ce-dataref"],
)  # fmt: skip
async def test_a_header_of_the_grids_own_is_refused(name: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.post(PATH, json=DATA, headers={**headers(), name: "0/0/1"})
        assert written(door) == []
    assert problem(answer)[:2] == (403, "reserved_attribute")


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("nothing", (404, "unknown_topic")),
        (f"{MEMORY.name}.dlq", (404, "unknown_topic")),
        ("aether.work.answer", (404, "unknown_topic")),
        (FORKS.name, (403, "derived_topic")),
        ("aether.archive.events", (403, "derived_topic")),
        ("aether.chunks", (403, "derived_topic")),
        ("aether.matches.events", (403, "derived_topic")),
    ],
)
async def test_a_topic_that_no_client_writes_is_refused(
    topic: str, expected: tuple[int, str], tmp_path: Path
) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.post(f"/api/events/{topic}", json=said(), headers=STRUCTURED)
        assert list(door.grid.broker.records) == [] or written(door) == []
    assert problem(answer)[:2] == expected


async def test_a_batch_has_some_events_and_not_too_many(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        batches: list[Any] = [[], {}, "x", [said()] * 1_001]
        for batch in batches:
            answer = await door.http.post(PATH, json=batch, headers=BATCHED)
            assert problem(answer)[:2] == (400, "invalid_request")
        assert written(door) == []


async def test_another_media_type_is_told_which_there_are(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        for kind in ("text/plain", "application/avro", ""):
            answer = await door.http.post(PATH, content=b"x", headers={"content-type": kind})
            assert problem(answer)[:2] == (415, "unsupported_media_type")


async def test_a_broker_that_is_away_is_said_before_anything_is_written(tmp_path: Path) -> None:
    async with opened(tmp_path, away=True) as door:
        answer = await door.http.post(PATH, json=said(), headers=STRUCTURED)
        assert problem(answer)[:2] == (503, "unavailable")
        assert answer.headers["retry-after"]
        assert written(door) == []


async def test_a_delivery_that_fails_is_unknown(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        door.grid.refusing = DeliveryFailed("timed out")
        answer = await door.http.post(PATH, json=[said(), said("2")], headers=BATCHED)
    assert problem(answer)[:2] == (504, "outcome_unknown")


async def post(door: Door, key: str, event: dict[str, Any]) -> Any:
    return await door.http.post(PATH, json=event, headers={**STRUCTURED, "idempotency-key": key})


async def test_a_repeated_key_is_answered_as_before_and_written_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        first, again = await post(door, "k", said()), await post(door, "k", said())
        other = await post(door, "other", said("2"))
        assert len(written(door)) == 2
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert "idempotency-replayed" not in other.headers


async def test_a_repeated_key_with_another_body_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        await post(door, "k", said())
        assert problem(await post(door, "k", said("2")))[:2] == (422, "idempotency_key_reused")
        assert len(written(door)) == 1


async def test_a_key_whose_first_request_is_under_way_is_in_use(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        door.grid.holding = True
        first = asyncio.create_task(post(door, "k", said()))
        async with asyncio.timeout(30):
            while not door.grid.in_flight:
                await asyncio.sleep(0.01)
        assert problem(await post(door, "k", said()))[:2] == (409, "idempotency_key_in_use")
        door.grid.holding = False
        assert (await first).status_code == 202


async def test_what_failed_may_be_tried_again_under_its_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert (await post(door, "k", said(id=None))).status_code == 400
        assert (await post(door, "k", said())).status_code == 202


async def test_a_key_is_short_and_printable(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert problem(await post(door, "k" * 256, said()))[:2] == (400, "invalid_request")


def test_the_question_is_one_that_clients_write() -> None:
    assert isinstance(RECEIVED, RequestReceived)
