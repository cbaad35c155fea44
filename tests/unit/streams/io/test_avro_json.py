"""Events as JSON: nothing is lost on the way, and what does not fit is named where it stands."""

import json
from typing import Any

import pytest

from streams.events.memory import MemoryOffered
from streams.events.registry import CapabilityOffered
from streams.io.avro_json import FAULTS_MAX, Unfit, from_json, to_json
from tests.examples import CONTENT, EVENTS


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_comes_back_as_it_was(name: str) -> None:
    event = EVENTS[name]
    assert from_json(type(event), json.loads(json.dumps(to_json(event)))) == event


def faults(kind: type, data: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unfit) as caught:
        from_json(kind, data)
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


CARD = {"description": "d", "examples": [], "policy": "single", "model": "m"}


def test_what_has_a_default_may_be_left_out() -> None:
    assert from_json(CapabilityOffered, {"card": CARD}).card.cost is None


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"description": 1}, ("/card/description", "is not a string")),
        (
            {"description": "\ud800"},
            ("/card/description", "holds characters that are no Unicode text"),
        ),
        ({"examples": "x"}, ("/card/examples", "is not an array")),
        ({"examples": ["x", None]}, ("/card/examples/1", "is not a string")),
        ({"effect": "never"}, ("/card/effect", "is none of repeatable, pure, keyed, unrepeatable")),
        ({"cost": True}, ("/card/cost", "is not a number")),
        ({"cost": 10**400}, ("/card/cost", "is no finite number")),
        ({"latency_ms": 1.5}, ("/card/latency_ms", "is not an integer")),
        ({"latency_ms": 2**63}, ("/card/latency_ms", f"is not between {-(2**63)} and {2**63 - 1}")),
        ({"a/b~": 1}, ("/card/a~1b~0", "Card has no such field")),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named(changed: Any, fault: tuple[str, str]) -> None:
    assert faults(CapabilityOffered, {"card": {**CARD, **changed}}) == [fault]


@pytest.mark.parametrize("data", [None, [], "x", 1])
def test_what_is_no_object_is_no_event(data: Any) -> None:
    assert faults(CapabilityOffered, data) == [("", "is not an object")]


def test_a_missing_field_is_named() -> None:
    assert faults(MemoryOffered, {}) == [("/content", "is missing")]


def test_many_faults_are_told_up_to_a_limit() -> None:
    card = {**CARD, "examples": list(range(100))}
    assert len(faults(CapabilityOffered, {"card": card})) == FAULTS_MAX


def test_a_number_may_be_written_whole() -> None:
    made = from_json(CapabilityOffered, {"card": {**CARD, "cost": 1}})
    assert isinstance(made.card.cost, float)


def test_bytes_are_base64() -> None:
    shown = to_json(EVENTS["MemoryPerceived"])
    assert shown["vector"] == "mpkZP83MTD8="
    wrong = {**shown, "vector": "no base64!"}
    assert faults(type(EVENTS["MemoryPerceived"]), wrong) == [("/vector", "is not Base64")]


def test_content_is_what_it_was() -> None:
    assert from_json(MemoryOffered, to_json(MemoryOffered(content=CONTENT))).content == CONTENT


def test_a_type_is_known_where_data_passes_over_its_definition() -> None:
    sampled = EVENTS["SeriesSampled"]
    empty = {**to_json(sampled), next(iter(to_json(sampled))): []}
    assert faults(type(sampled), {**empty, "more": 1})[0] == (
        "/more", "SeriesSampled has no such field",
    )  # fmt: skip
