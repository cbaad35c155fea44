"""What bytes mean, and what is done about those that mean nothing."""

import io
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import fastavro
import pytest

from streams.errors import Misconfigured, RegistryAway, Undecodable, UnknownSchema
from streams.events.registry import CapabilityOffered, Card
from streams.events.sessions import RequestRouted
from streams.ids import ModelName
from streams.io import schemas
from streams.io.avro_parts import varint
from streams.io.codec import PREFIX, Codec, subject_of
from streams.plain import SAME, form_of
from streams.topics import REGISTRY, SESSIONS
from tests.examples import typical
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
    with pytest.raises(UnknownSchema, match="no bytes"):
        made.kind_of(PREFIX.pack(0, bad) + b"\xfe\xff\xff\xff\xff\xff\x0f")


def twice(levels: int) -> Any:
    """Return records of nothing, each twice in the next: no bytes and 2 ** levels values."""
    made: Any = "null"
    for level in range(levels):
        again = f"L{level - 1}" if level else "null"
        fields = [{"name": "a", "type": made}, {"name": "b", "type": again}]
        made = {"type": "record", "name": f"L{level}", "fields": fields}
    return made


def nested(levels: int) -> Any:
    made: Any = "string"
    for _ in range(levels):
        made = {"type": "array", "items": made}
    return made


@pytest.mark.parametrize(
    "kind",
    [
        twice(60),
        nested(40),
        nested(300),
        [*({"type": "fixed", "name": f"F{n}", "size": 1} for n in range(100))],
        {"type": "array"},
        {"type": "fixed", "name": "F", "size": "large"},
        7,
        {"type": {"type": 7}},
    ],
    ids=["twice", "deep", "deeper", "wide", "no items", "no size", "a number", "numbers"],
)
def test_a_greedy_or_broken_schema_under_our_name_is_never_decoded_with(kind: Any) -> None:
    made, registry = codec()
    bad = registry.register("x", changed(more=[{"name": "bad", "type": kind}]))
    with pytest.raises(UnknownSchema, match="cannot be used"):
        made.kind_of(PREFIX.pack(0, bad))


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '"' + "x" * 200_000 + '"'])
def test_a_text_that_is_no_schema_is_an_unknown_schema(text: str) -> None:
    made, registry = codec()
    with pytest.raises(UnknownSchema, match="cannot be used"):
        made.kind_of(PREFIX.pack(0, registry.register("x", text)))


def test_a_type_named_like_a_primitive_does_not_hide_it() -> None:
    made, registry = codec()
    null = {"type": "record", "name": "null", "fields": [{"name": "a", "type": "string"}]}
    bomb = {"type": "array", "items": "null"}
    fields = [{"name": "n", "type": ["string", null]}, {"name": "bomb", "type": bomb}]
    with pytest.raises(UnknownSchema, match="no bytes"):
        made.kind_of(PREFIX.pack(0, registry.register("x", changed(more=fields))))


def test_a_logical_type_does_not_change_what_a_field_is() -> None:
    made, registry = codec()
    text = schemas.text_of(CapabilityOffered).replace(
        '"name":"description","type":"string"',
        '"name":"description","type":{"type":"string","logicalType":"uuid"}',
    )
    assert "uuid" in text
    offered = CapabilityOffered(card=replace(CARD, description=str(UUID(int=7))))
    value = PREFIX.pack(0, registry.register("x", text)) + made.encode(offered)[5:]
    assert made.decode(value) == offered


def test_a_name_written_out_with_its_namespace_is_ours() -> None:
    made, registry = codec()
    schema = json.loads(schemas.text_of(CapabilityOffered))
    schema |= {"name": "aether.registry.CapabilityOffered", "namespace": "elsewhere"}
    value = PREFIX.pack(0, registry.register("x", json.dumps(schema))) + made.encode(OFFERED)[5:]
    assert made.kind_of(value) is CapabilityOffered
    assert made.decode(value) == OFFERED


@pytest.mark.parametrize("items", ["boolean", "float", "double", "fixed", "string", "null"])
@pytest.mark.parametrize("container", ["array", "map"])
def test_a_count_without_items_in_a_field_we_do_not_have_is_refused_at_once(
    container: str, items: str
) -> None:
    made, registry = codec()
    kind = {"type": "fixed", "name": "F", "size": 4} if items == "fixed" else items
    if kind == "null" and container == "array":
        return  # no array of nothing is decoded with at all
    inside = "items" if container == "array" else "values"
    fields = [{"name": "more", "type": {"type": container, inside: kind}}]
    value = PREFIX.pack(0, registry.register("x", changed(more=fields)))
    with pytest.raises(Undecodable):
        made.decode(value + made.encode(OFFERED)[5:] + varint(2**60))


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


def test_bytes_that_an_older_event_did_not_have_are_the_default() -> None:
    registry = NumberedRegistry()
    made = Codec(registry)
    made.learn(SESSIONS, register=True)
    schema = json.loads(schemas.text_of(RequestRouted))
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "focus"]
    older = fastavro.parse_schema(schema)
    number = registry.register(subject_of(SESSIONS.name, RequestRouted), json.dumps(schema))
    routed = typical(RequestRouted)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, older, form_of(RequestRouted, SAME).dump(routed))
    value = PREFIX.pack(0, number) + body.getvalue()
    assert made.kind_of(value) is RequestRouted
    assert made.decode(value) == replace(routed, focus=b"")
    assert made.part(("run_id",))(value) == replace(routed, focus=b"")


def test_a_part_of_an_event_is_refused_where_its_bytes_are_no_event() -> None:
    made = Codec(NumberedRegistry())
    made.learn(SESSIONS, register=True)
    value, read = made.encode(typical(RequestRouted)), made.part(("run_id",))
    assert read(value).run_id == typical(RequestRouted).run_id
    with pytest.raises(Undecodable, match="bytes are not a RequestRouted"):
        read(value[:7])
    with pytest.raises(UnknownSchema):
        read(PREFIX.pack(0, 999) + value[5:])
