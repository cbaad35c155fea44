"""What bytes mean, and what is done about those that mean nothing."""

import json
from typing import Any

import pytest

from streams.errors import Misconfigured, RegistryAway, Undecodable, UnknownSchema
from streams.events.registry import CapabilityOffered, Card
from streams.ids import ModelName
from streams.io import schemas
from streams.io.codec import PREFIX, Codec, subject_of
from streams.topics import REGISTRY
from tests.fakes import NumberedRegistry

CARD = Card(description="d", examples=("e",), policy="single", model=ModelName("m"))
OFFERED = CapabilityOffered(card=CARD)


def codec() -> tuple[Codec, NumberedRegistry]:
    registry = NumberedRegistry()
    made = Codec(registry)
    made.learn(REGISTRY, register=True)
    return made, registry


def test_an_event_comes_back() -> None:
    made, _ = codec()
    value = made.encode(OFFERED)
    assert made.kind_of(value) is CapabilityOffered
    assert made.decode(value) == OFFERED


def test_subjects_are_named_by_topic_and_record() -> None:
    _, registry = codec()
    assert "aether.registry.events-aether.registry.CapabilityOffered" in registry.subjects


def test_an_unregistered_schema_is_a_setting_to_mend() -> None:
    with pytest.raises(Misconfigured, match="not registered"):
        Codec(NumberedRegistry()).learn(REGISTRY)


@pytest.mark.parametrize("value", [None, b"", b"\0\0", b"{json}", b"\1\0\0\0\1x"])
def test_bytes_without_framing_are_undecodable(value: bytes | None) -> None:
    with pytest.raises(Undecodable):
        codec()[0].kind_of(value)


def test_an_id_that_the_registry_does_not_know_is_an_unknown_schema() -> None:
    with pytest.raises(UnknownSchema):
        codec()[0].kind_of(PREFIX.pack(0, 999) + b"x")


def test_trailing_bytes_are_undecodable() -> None:
    made, _ = codec()
    with pytest.raises(Undecodable, match="do not belong"):
        made.decode(made.encode(OFFERED) + b"\0")


def test_somebody_elses_schema_is_none_of_ours() -> None:
    made, registry = codec()
    foreign = registry.register("x", '{"type": "record", "name": "Foreign", "fields": []}')
    assert made.kind_of(PREFIX.pack(0, foreign)) is None


def changed(**changes: Any) -> str:
    schema = json.loads(schemas.text_of(CapabilityOffered))
    schema["fields"] += changes.get("more", [])
    return json.dumps(schema)


def test_a_newer_schema_of_ours_is_read_as_we_know_it() -> None:
    made, registry = codec()
    newer = registry.register(
        subject_of(REGISTRY.name, CapabilityOffered),
        changed(more=[{"name": "color", "type": "string", "default": ""}]),
    )
    value = PREFIX.pack(0, newer) + made.encode(OFFERED)[5:] + b"\6red"
    assert made.kind_of(value) is CapabilityOffered
    assert made.decode(value) == OFFERED
    with pytest.raises(Undecodable, match="do not belong"):
        made.decode(value + b"\0")


def test_a_recursive_schema_under_our_name_is_never_decoded_with() -> None:
    made, registry = codec()
    recursive = {"name": "next", "type": ["null", "CapabilityOffered"], "default": None}
    bad = registry.register("x", changed(more=[recursive]))
    with pytest.raises(UnknownSchema, match="contains itself"):
        made.kind_of(PREFIX.pack(0, bad) + b"\2" * 5_000)


def test_an_array_of_nothing_under_our_name_is_never_decoded_with() -> None:
    made, registry = codec()
    bomb = {"name": "bomb", "type": {"type": "array", "items": "null"}, "default": []}
    bad = registry.register("x", changed(more=[bomb]))
    with pytest.raises(UnknownSchema, match="takes memory"):
        made.kind_of(PREFIX.pack(0, bad) + b"\xfe\xff\xff\xff\xff\xff\x0f")


def test_a_registry_that_is_away_is_no_verdict_on_the_record() -> None:
    made, registry = codec()

    def away(schema_id: int) -> str:
        raise RegistryAway("no answer")

    registry.schema = away  # type: ignore[method-assign]
    with pytest.raises(RegistryAway):
        made.kind_of(PREFIX.pack(0, 999) + b"x")
    del registry.schema
    with pytest.raises(UnknownSchema):
        made.kind_of(PREFIX.pack(0, 999) + b"x")
