"""The schemas are those of the event classes, and unsafe ones are refused."""

import json
from typing import Any

import pytest

from streams.errors import IncompatibleSchema
from streams.io import schemas

ARRAY_OF_E = {"type": "array", "items": "E"}
STRING = {"name": "a", "type": "string"}


def record(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "x", "fields": list(fields)}


def test_every_event_class_has_a_schema_file_and_every_file_a_class() -> None:
    expected = {schemas.path_of(kind) for kind in schemas.event_classes()}
    assert expected == set(schemas.ROOT.rglob("*.avsc"))


@pytest.mark.parametrize("kind", schemas.event_classes(), ids=lambda k: k.__name__)
def test_a_schema_has_the_fields_of_its_class_in_order(kind: type) -> None:
    schema = json.loads(schemas.text_of(kind))
    assert f"{schema['namespace']}.{schema['name']}" == schemas.full_name(kind)
    assert [f["name"] for f in schema["fields"]] == list(kind.__dataclass_fields__)  # type: ignore[attr-defined]


def test_a_nested_record_is_the_same_wherever_it_stands() -> None:
    seen: dict[str, Any] = {}

    def walk(schema: Any) -> None:
        if isinstance(schema, list):
            for branch in schema:
                walk(branch)
        elif isinstance(schema, dict):
            if "name" in schema and "type" in schema and schema["type"] in ("record", "enum"):
                name = f"{schema.get('namespace')}.{schema['name']}"
                assert seen.setdefault(name, schema) == schema
            for inner in (schema.get("type"), schema.get("items"), schema.get("fields")):
                if isinstance(inner, list | dict):
                    walk(inner)

    for kind in schemas.event_classes():
        walk(json.loads(schemas.text_of(kind)))
    assert "aether.memory.Content" in seen


@pytest.mark.parametrize(
    "schema",
    [
        record("Node", STRING, {"name": "next", "type": ["null", "Node"]}),
        record("Node", {"name": "all", "type": {"type": "array", "items": "x.Node"}}),
        record("Node", {"name": "by", "type": {"type": "map", "values": "Node"}}),
        record("A", {"name": "b", "type": record("B", {"name": "a", "type": ["null", "A"]})}),
        {"type": "array", "items": "null"},
        {"type": "array", "items": record("Empty")},
        record("A", {"name": "n", "type": "null"}),
        record("A", {"name": "n", "type": record("Empty")}),
        [f"T{n}" for n in range(65)],
        record("A", *({"name": f"f{n}", "type": "int"} for n in range(1_001))),
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        record(
            "A",
            {"name": "e", "type": record("E")},
            {"name": "s", "type": {"type": "array", "items": "E"}},
        ),
    ],
)
def test_an_unsafe_schema_is_refused(schema: Any) -> None:
    with pytest.raises(IncompatibleSchema):
        schemas.check(schema)


@pytest.mark.parametrize(
    "schema",
    [
        record("A", STRING, {"name": "s", "type": {"type": "array", "items": record("B", STRING)}}),
        record("A", {"name": "x", "type": record("B", STRING)}, {"name": "y", "type": "B"}),
        {"type": "map", "values": "null"},
        "string",
    ],
)
def test_a_safe_schema_is_accepted(schema: Any) -> None:
    schemas.check(schema)
