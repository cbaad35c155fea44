"""Lag over HTTP: our own answer and stream, and Burrow's two paths for those who ask Burrow."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.events.lag import LagSampled, Phase
from streams.topics import OBSERVATIONS
from tests.unit.gateway.door import GENEROUS_S, Door, opened
from tests.unit.streams.lag.world import World

BURROW = "/v3/kafka/local/consumer/readers"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(tmp_path) as found:
        yield found


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose clock is Burrow's."""
    world = World()
    monkeypatch.setattr("gateway.burrow.now_ms", lambda: world.now_ms)
    return world


def samples(world: World, seconds: int, *pace: int, commits: bool = True) -> list[LagSampled]:
    found = []
    for _ in range(seconds):
        world.second(*pace, commits=commits)
        found.append(world.sample())
    return found


async def landed(door: Door, told: list[LagSampled]) -> dict[str, Any]:
    """Let the observer write samples, and wait until the gateway knows the last of them."""
    for sample in told:
        door.grid.land(OBSERVATIONS, sample.group, sample)
    async with asyncio.timeout(GENEROUS_S):
        while True:
            said: dict[str, Any] = (await door.http.get("/api/lag")).json()
            if told[-1].at_ms in [group["at_ms"] for group in said["groups"]]:
                return said
            await asyncio.sleep(0.01)


async def test_before_anything_was_seen_nothing_is_told(door: Door) -> None:
    said = await door.http.get("/api/lag")
    assert (said.status_code, said.json()) == (
        200,
        {
            "age_s": None,
            "groups": [],
            "probes": {"round_trip_s": None, "answered": 0, "lost": 0},
        },
    )


async def test_a_group_is_told_with_its_topics_and_partitions(door: Door) -> None:
    said = await landed(door, samples(World(), 20, 50, 30))
    (group,) = said["groups"]
    assert said["age_s"] > 1_000_000, "the world's clock is years behind, and that is told"
    assert (group["group"], group["status"], group["phase"]) == ("readers", "warn", "stable")
    (topic,) = group["topics"]
    assert (topic["topic"], topic["verdict"], topic["trend"]) == ("orders", "warn", "growing")
    (partition,) = topic["partitions"]
    assert partition["lag"] == group["lag"] == 400
    assert partition["seconds"] == group["seconds"] > 5
    assert partition["method"] == "exact"
    assert partition["reason"] == "lag did not shrink in 10 commits, it is 400 records"


async def test_every_sample_is_streamed_to_those_who_listen(door: Door) -> None:
    world = World()
    await landed(door, samples(world, 3, 50, 100))
    heard: list[tuple[int, dict[str, Any]]] = []
    headers = {"accept": "text/event-stream"}
    async with (
        asyncio.timeout(GENEROUS_S),
        door.http.stream("GET", "/api/lag", headers=headers) as r,
    ):
        assert r.headers["content-type"].startswith("text/event-stream")
        assert r.headers["x-accel-buffering"] == "no"
        lines = r.aiter_lines()
        while len(heard) < 3:
            line = await anext(lines)
            if line.startswith("id: "):
                data = await anext(lines)
                heard.append((int(line[4:]), json.loads(data.removeprefix("data: "))))
                for sample in samples(world, 1, 50, 30):
                    door.grid.land(OBSERVATIONS, sample.group, sample)
    assert [offset for offset, _ in heard] == [3, 4, 5]
    lags = [event["groups"][0]["lag"] for _, event in heard]
    assert lags == [0, 20, 40]


async def test_burrows_status_names_the_partitions_that_are_not_well(
    door: Door, now: World
) -> None:
    world = now
    told = samples(world, 15, 50, 100)
    await landed(door, told)
    said = (await door.http.get(f"{BURROW}/status")).json()
    assert (said["error"], said["message"]) == (False, "consumer status returned")
    assert said["request"] == {"url": f"{BURROW}/status", "host": "127.0.0.1"}
    assert said["status"]["status"] == "OK"
    assert said["status"]["partitions"] == []
    assert said["status"]["partition_count"] == 1
    await landed(door, samples(world, 15, 50, commits=False))
    status = (await door.http.get(f"{BURROW}/status")).json()["status"]
    assert (status["cluster"], status["group"], status["status"]) == ("local", "readers", "ERR")
    (partition,) = status["partitions"]
    assert partition == status["maxlag"]
    assert partition["status"] == "STOP"
    assert partition["current_lag"] == status["totallag"] == 750
    assert status["complete"] == partition["complete"] == 1.0
    assert partition["end"] == {
        "offset": 750,
        "timestamp": told[-1].at_ms,
        "observedAt": told[-1].at_ms,
        "lag": 0,
    }


async def test_burrows_lag_names_every_partition(door: Door, now: World) -> None:
    await landed(door, samples(now, 15, 50, 100))
    status = (await door.http.get(f"{BURROW}/lag")).json()["status"]
    assert [one["status"] for one in status["partitions"]] == ["OK"]


async def test_to_burrow_an_empty_group_has_stopped(door: Door, now: World) -> None:
    world = now
    told = samples(world, 5, 50, 100)
    world.members, world.phase = 0, Phase.EMPTY
    await landed(door, told + samples(world, 15, 50, commits=False))
    assert (await door.http.get("/api/lag")).json()["groups"][0]["status"] == "empty"
    status = (await door.http.get(f"{BURROW}/status")).json()["status"]
    assert (status["status"], status["maxlag"]["status"]) == ("ERR", "STOP")


@pytest.mark.parametrize("path", ["local/consumer/nobody", "elsewhere/consumer/readers"])
async def test_what_burrow_does_not_know_it_says_so(door: Door, now: World, path: str) -> None:
    await landed(door, samples(now, 2, 50, 100))
    for ending in ("status", "lag"):
        said = await door.http.get(f"/v3/kafka/{path}/{ending}")
        assert said.status_code == 404
        assert said.json()["error"] is True
        assert said.json()["message"] == "cluster or consumer not found"


async def test_burrow_shows_no_frozen_green_when_nobody_looks(door: Door, now: World) -> None:
    await landed(door, samples(now, 2, 50, 100))
    now.now_ms += 61_000
    said = await door.http.get(f"{BURROW}/status")
    assert (said.status_code, said.json()["error"]) == (503, True)
    assert said.json()["message"].startswith("no consumer was looked at for 61 s")


async def test_to_burrow_a_group_that_is_deleted_is_gone(door: Door, now: World) -> None:
    await landed(door, samples(now, 2, 50, 100))
    other = World(name="others", now_ms=now.now_ms)
    await landed(door, samples(other, 70, 50, 100))
    now.now_ms = other.now_ms
    assert (await door.http.get(f"{BURROW}/status")).status_code == 404
    assert (await door.http.get(f"{BURROW.replace('readers', 'others')}/status")).status_code == 200
