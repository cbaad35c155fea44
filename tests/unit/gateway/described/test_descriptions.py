"""What the doors say of themselves is what is written down, and what the standards allow."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from gateway.described.asyncapi import asyncapi
from gateway.described.openapi import openapi
from streams.events import AREAS
from streams.io import schemas
from streams.io.avro_json import Unfit, from_json, to_json
from streams.io.json_schema import json_schema_of
from streams.topics import TOPICS
from tests.examples import EVENTS
from tests.unit.gateway.described.record import FOLDER, MADE, text_of
from tests.unit.gateway.door import opened
from tests.unit.gateway.told import Told

WEB_ADDRESS = re.compile("[a-z]+://")


@pytest.mark.parametrize("name", MADE)
def test_it_is_written_down_as_it_is(name: str) -> None:
    """A failure says: run `python -m tests.unit.gateway.described.record`."""
    assert (FOLDER / name).read_text(encoding="utf-8") == text_of(name)


@pytest.mark.parametrize("name", MADE)
def test_it_names_no_host(name: str) -> None:
    assert not WEB_ADDRESS.search(text_of(name))


@pytest.mark.parametrize("name", MADE)
async def test_it_is_told_at_the_door(name: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert (await door.http.get(f"/{name}")).json() == MADE[name]()


def test_openapi_is_valid() -> None:
    validate(openapi())


async def test_every_route_of_ours_is_described(tmp_path: Path) -> None:
    from gateway.app import assemble
    from streams.io.sections import Gateway
    from tests.unit.gateway.door import Grid, silent

    grid = Grid(tmp_path, silent, 1)
    app = assemble(Gateway(), grid.wire, grid, grid, Told())
    routes = {
        (route.path.replace(":path}", "}"), method)  # type: ignore[attr-defined]
        for route in app.routes
        if route.path.startswith("/api/")  # type: ignore[attr-defined]
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    told = {
        (path, verb.upper())
        for path, operations in openapi()["paths"].items()
        for verb in operations
        if verb != "parameters"
    }
    assert routes == told


@pytest.mark.parametrize("name", EVENTS)
def test_the_json_schema_of_an_event_takes_what_the_door_takes(name: str) -> None:
    kind = type(EVENTS[name])
    validator = Draft202012Validator(json_schema_of(kind))
    data = to_json(EVENTS[name])
    assert validator.is_valid(data)
    for field in data:
        changed = {**data, field: {"of": "another kind"}}
        if not validator.is_valid(changed):
            with pytest.raises(Unfit):
                from_json(kind, changed)
    assert not validator.is_valid({**data, "more": 1})


def test_asyncapi_has_every_topic_and_event() -> None:
    told = asyncapi()
    assert told["asyncapi"] == "3.1.0"
    assert list(told["channels"]) == [topic.name for topic in TOPICS]
    names = [schemas.full_name(kind) for kinds in AREAS.values() for kind in kinds]
    assert sorted(told["components"]["messages"]) == sorted(names)


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    told = asyncapi()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                at = told
                for step in node["$ref"].removeprefix("#/").split("/"):
                    at = at[step]
            for inside in node.values():
                walk(inside)
        elif isinstance(node, list):
            for inside in node:
                walk(inside)

    walk(told)
