"""`aether lag` on a grid, where there is a broker alone, and what a check of it says."""

import json
import signal

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.integration.grid.front import Done, Front, until
from tests.integration.grid.lag_world import Producing

pytestmark = pytest.mark.integration

LEFT = "lag-left-behind"


@pytest.fixture(scope="module")
def behind(started: Front) -> Front:
    """A grid with a group that left after the first of ten records."""
    bootstrap = started.settings.bootstrap
    producing = Producing(bootstrap)
    producing.create([LEFT])
    for _ in range(10):
        producing.append(LEFT)
    until(lambda: producing.flushed(LEFT) == 10, "ten records")
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": LEFT})
    consumer.commit(offsets=[TopicPartition(LEFT, 0, 1)], asynchronous=False)
    consumer.close()
    return started


def rows_of(done: Done, group: str) -> list[dict[str, object]]:
    return [row for row in done.rows if row["group"] == group]


def age_of(front: Front) -> float:
    (left,) = rows_of(front.succeed("lag", "-o", "jsonl"), LEFT)
    return float(str(left["age_s"]))


def test_the_observers_figures_are_shown_and_how_old_they_are(behind: Front) -> None:
    read = {"aether.sessions.events", "aether.observations.events"}

    def seen() -> bool:
        told = behind.run("lag", "-o", "jsonl")
        ours = {row["topic"] for row in rows_of(told, "aether.grid")}
        return rows_of(told, LEFT) != [] and read <= ours  # the grid reads what was observed last

    until(seen, "the observer saw it")
    done = behind.succeed("lag", "-o", "jsonl")
    (left,) = rows_of(done, LEFT)
    assert (left["topic"], left["lag"], left["members"]) == (LEFT, 9, 0)
    assert isinstance(left["age_s"], float)
    until(lambda: age_of(behind) < 15, "a fresh look")
    topics = {row["topic"] for row in rows_of(done, "aether.grid")}
    assert read <= topics
    assert not any(str(row["group"]).startswith("apicurio-") for row in done.rows)  # made anew
    text = behind.succeed("lag")
    assert "s ago, by the observer" in text.err
    assert text.out.splitlines()[0].split()[:5] == ["GROUP", "TOPIC", "VERDICT", "TREND", "SECONDS"]


def test_with_a_broker_alone_it_looks_for_itself(behind: Front) -> None:
    done = behind.run("lag", "-o", "json", AETHER_REGISTRY__URL="http://127.0.0.1:9/nothing")
    assert done.code == 0, done
    (left,) = [row for row in json.loads(done.out) if row["group"] == LEFT]
    assert left["lag"] == 9
    assert left["seconds"] > 0
    told = behind.run("lag", AETHER_REGISTRY__URL="http://127.0.0.1:9/nothing")
    assert "seen by this command: no observer runs" in told.err


def test_a_check_ends_with_code_three_and_says_why(behind: Front) -> None:
    until(lambda: behind.run("lag", "--check", "--max-seconds", "3").code == 3, "it waits 3 s")
    done = behind.run("lag", "--check", "--max-seconds", "3")
    assert f"{LEFT}: the first of 9 records waits for" in done.err
    assert behind.run("lag", "--check", "--max-seconds", "100000").code == 0


def test_it_is_watched_until_ctrl_c(behind: Front) -> None:
    child = behind.start("lag", "--watch", "-o", "jsonl")
    try:
        assert child.stdout is not None
        ages, seen = set[int](), 0
        while len(ages) < 2:
            row = json.loads(child.stdout.readline())
            ages |= {row["at_ms"]} if row["group"] == "aether.grid" else set()
            seen += 1
            assert seen < 1_000
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
    finally:
        child.kill()
        child.communicate()


def test_a_limit_without_a_check_is_a_mistake_in_usage(behind: Front) -> None:
    assert behind.run("lag", "--max-seconds", "3").code == 2


def test_verdicts_are_events_that_replay(behind: Front) -> None:
    until(lambda: _status(behind, LEFT) == "empty", "the verdict on it")
    assert behind.succeed("verify", "--decider", "observer").code == 0


def _status(front: Front, group: str) -> object:
    (row,) = rows_of(front.succeed("lag", "-o", "jsonl"), group)
    return row["status"]
