"""AsyncAPI's own parser reads what the gateway says of its topics, the Avro payloads included."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.described.asyncapi import asyncapi
from streams.events import AREAS
from streams.io import schemas
from streams.topics import TOPICS
from tests.packages import Package, installed_package

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def parser() -> Package:
    return installed_package(Path(__file__).parent / "asyncapi")


def parsed(parser: Package, document: Any, folder: Path) -> Any:
    written = folder / "asyncapi.json"
    written.write_text(json.dumps(document))
    done = parser.run("check", str(written))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_description_is_valid_and_read_whole(parser: Package, tmp_path: Path) -> None:
    names = [schemas.full_name(kind) for kinds in AREAS.values() for kind in kinds]
    assert parsed(parser, asyncapi(), tmp_path) == {
        "faults": [],
        "version": "3.1.0",
        "channels": [topic.name for topic in TOPICS],
        "messages": names,
    }


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("info", "title"), 7),
        (("components", "messages", "aether.chunks.TextEmitted", "payload", "schema", "type"), "x"),
    ],
    ids=["document", "payload"],
)
def test_the_parser_finds_what_is_wrong(
    path: tuple[str, ...], wrong: Any, parser: Package, tmp_path: Path
) -> None:
    document = json.loads(json.dumps(asyncapi()))
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = wrong
    assert parsed(parser, document, tmp_path)["faults"]
