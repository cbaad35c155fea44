"""The vectors of the conformance suite: this client must write and read what every other does."""

import base64
import threading

import pytest
from aether_grid import ids, wire
from aether_grid.errors import BadEvent, GridError
from aether_grid.grid import Grid
from aether_grid.wire import Place
from vectors import Files, native, vectors


def test_every_event_has_the_bytes_that_the_grid_gives_it() -> None:
    source, told = Files(), vectors("events")
    for one in told["events"]:
        frame, value = base64.b64decode(one["frame"]), native(one["says"])
        named = source.latest("", one["event"])
        assert wire.encode(named, value) == frame
        assert wire.decode(source.of(wire.schema_id_of(frame)), frame) == value
        assert wire.topic_of(one["event"]) == told["kinds"][one["event"]]["topic"]


def test_bytes_that_are_no_event_are_refused() -> None:
    source = Files()
    for packed in vectors("events")["refused"].values():
        frame = base64.b64decode(packed)
        with pytest.raises(BadEvent):
            wire.decode(source.of(wire.schema_id_of(frame)), frame)


def test_a_value_that_does_not_fit_is_refused() -> None:
    named = Files().latest("", "aether.sessions.RunFailed")
    for value in ({}, {"run_id": 1, "reason": "", "detail": ""}):
        with pytest.raises(BadEvent):
            wire.encode(named, value)


def test_every_id_is_the_grids() -> None:
    told = vectors("ids")
    for one in told["derived"]:
        assert ids.derived(*one["parts"]) == one["id"]
    for one in told["minted"]:
        assert ids.minted(one["at_ms"], bytes.fromhex(one["chance"])) == one["id"]
    for one in told["outcomes"]:
        assert ids.of_outcome(one["request"], one["name"]) == one["id"]
    frame = base64.b64decode(vectors("events")["events"][0]["frame"])
    for one in told["positions"]:
        place = (one["topic"], one["partition"], one["offset"])
        assert wire.opened(Files(), place, 0, b"k", frame, []).event_id == one["id"]


def test_every_event_has_the_headers_that_the_grid_gives_it() -> None:
    for one in vectors("headers"):
        made = wire.headers(
            name=one["event"], event_id=one["id"], source=one["source"], at_ms=one["at_ms"],
            run_id=one["run"], cause_id=one["cause"], trace=one["trace"],
        )  # fmt: skip
        assert {name: said.decode() for name, said in made} == one["headers"]


def test_ten_thousand_keys_lie_where_the_grid_looks_for_them() -> None:
    told = vectors("partitions")
    words, digits = told["words"], told["partitions"]["4"]
    found: dict[int, int] = {}
    landed = threading.Lock()
    value = {"run_id": "r", "reason": "", "detail": ""}
    broker = {"test.mock.num.brokers": 1, "allow.auto.create.topics": True}  # of 4 partitions
    with Grid("", Files(), kafka=broker) as grid:

        def send(number: int) -> None:
            def delivered(what: Place | GridError) -> None:
                assert isinstance(what, Place), what
                with landed:
                    found[number] = what.partition

            key = f"{words[number % len(words)]}-{number}"
            grid.send("aether.sessions.RunFailed", key, value, delivered)

        for number in range(len(digits)):
            send(number)
    assert "".join(str(found[n]) for n in range(len(digits))) == digits
