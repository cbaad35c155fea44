"""A node outlives its handler: what comes of a request is told, and the next one is answered."""

import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from aether_grid import Event, Grid, Refused, Reply, Work
from aether_grid.ids import of_outcome
from confluent_kafka import Producer
from vectors import Files, native, vectors

REQUESTED, COMPLETED, FAILED = (
    f"aether.sessions.Inference{word}" for word in ("Requested", "Completed", "Failed")
)
SESSIONS, WORK = "aether.sessions.events", "aether.work.poet"
REQUEST = next(native(e["says"]) for e in vectors("events")["events"] if e["event"] == REQUESTED)
LATE_S = 60.0
LONG = "x" * 3_000_000

Handler = Callable[[Work], Any]


@pytest.fixture
def broker() -> Iterator[str]:
    """A broker inside of librdkafka."""
    inside = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
    (one,) = inside.list_topics(timeout=LATE_S).brokers.values()
    yield f"{one.host}:{one.port}"
    inside.flush()


@pytest.fixture
def grid(broker: str) -> Iterator[Grid]:
    with Grid(broker, Files(), kafka={"allow.auto.create.topics": True}) as connected:
        yield connected


def request(grid: Grid, text: str) -> str:
    """Append a request, and return its id."""
    return grid.produce(REQUESTED, "ada", {**REQUEST, "text": text}, topic=WORK).event_id


def outcomes(grid: Grid, handler: Handler, count: int) -> list[Event]:
    """Serve what was requested, and return what came of the first `count`."""
    stop = threading.Event()
    serving = threading.Thread(target=grid.serve, args=("poet", handler, stop))
    serving.start()
    try:
        came = grid.follow(SESSIONS, dict.fromkeys(range(4), 0), timeout_s=LATE_S)
        return list(islice(came, count))
    finally:
        stop.set()
        serving.join()


def test_whoever_hears_of_a_delivery_and_raises_takes_it_from_nobody_else(grid: Grid) -> None:
    value = {"run_id": "r", "reason": "", "detail": ""}

    def hear(_: object) -> None:
        raise OSError("no disk")

    grid.send("aether.sessions.RunFailed", "ada", value, hear)
    assert grid.produce("aether.sessions.RunFailed", "ada", value).offset == 1


def raised(kind: Callable[..., Exception], *said: Any) -> Handler:
    def handle(_: Work) -> str:
        raise kind(*said)

    return handle


def said(reply: Any) -> Handler:
    return lambda _: reply


UNFIT: dict[str, tuple[Handler, str]] = {
    "nothing": (said(None), "a handler returns text or a Reply, not NoneType"),
    "a dict": (said({"text": "a"}), "a handler returns text or a Reply, not dict"),
    "a number as text": (said(Reply(7)), f"this is no {COMPLETED}"),  # type: ignore[arg-type]
    "half a citation": (said(Reply("", citations=[{"marker": 1}])), f"this is no {COMPLETED}"),
    "half a character": (said("\ud800"), f"this is no {COMPLETED}"),
    "too much": (said(LONG), "is too large"),
    "an error": (raised(OSError, "no disk"), "OSError: no disk"),
    "a long error": (raised(OSError, LONG), "OSError: xxx"),
    "half a character in an error": (raised(OSError, "\ud800"), "OSError: ?"),
    "a refusal without words": (raised(Refused, 404), f"this is no {FAILED}"),
    "a long refusal": (raised(Refused, "no", LONG), "is too large"),
}


def test_what_cannot_be_written_is_told_and_the_next_request_is_answered(grid: Grid) -> None:
    handlers = {**{why: handler for why, (handler, _) in UNFIT.items()}, "a reply": said("yes")}
    asked = {text: request(grid, text) for text in handlers}
    came = outcomes(grid, lambda work: handlers[work.text](work), len(asked))
    assert [event.event_id for event in came] == [
        of_outcome(each, "poet") for each in asked.values()
    ]
    for (_, why), event in zip(UNFIT.values(), came, strict=False):
        assert event.value is not None
        assert (event.name, event.value["reason"]) == (FAILED, "node_failed")
        assert why in event.value["detail"]
    assert came[-1].name == COMPLETED


def test_a_record_that_is_no_request_is_passed_over(grid: Grid) -> None:
    value = {"run_id": "r", "reason": "", "detail": ""}
    grid.produce("aether.sessions.RunFailed", "ada", value, topic=WORK)
    asked = request(grid, "hello")
    (came,) = outcomes(grid, said("yes"), 1)
    assert came.event_id == of_outcome(asked, "poet")


def test_what_takes_longer_than_the_group_waits_is_asked_once_and_the_node_goes_on(
    broker: str,
) -> None:
    waits = {"max.poll.interval.ms": 4_500, "session.timeout.ms": 4_000}
    heard: list[str] = []
    with Grid(broker, Files(), kafka={"allow.auto.create.topics": True, **waits}) as grid:
        asked = [request(grid, text) for text in ("slowly", "hello")]

        def handle(work: Work) -> str:
            heard.append(work.text)
            threading.Event().wait(7.0 if work.text == "slowly" else 0.0)
            return work.text

        came = outcomes(grid, handle, 2)
    assert heard == ["slowly", "hello"]
    assert [event.event_id for event in came] == [of_outcome(each, "poet") for each in asked]
