"""Commands for who runs a grid: topics, schemas, dead letters, rebuild, and no grid at all."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cli.answers import tell
from streams.events.registry import CapabilityOffered, Card
from streams.ids import ModelName
from streams.io.client import Client
from streams.io.settings import ROOT
from streams.log import Draft
from streams.topics import MEMORY, REGISTRY
from tests.integration.grid.front import Front, until

pytestmark = pytest.mark.integration


def test_topics_and_schemas_are_listed(started: Front) -> None:
    topics = {
        row["topic"]: row["records"] for row in started.succeed("topic", "list", "-o", "jsonl").rows
    }
    assert topics["aether.registry.events"] > 0
    assert topics["aether.registry.events.dlq"] == 0
    schemas = started.succeed("schema", "list", "-o", "jsonl").rows
    assert schemas
    assert all(isinstance(row["id"], int) and (ROOT / row["file"]).is_file() for row in schemas)
    assert started.run("topic", "create").err == "created 0 topics\n"
    assert started.run("schema", "register").code == 0


def test_a_withdrawn_capability_is_not_there_any_more(started: Front) -> None:
    card = Card(description="Tells jokes.", examples=(), policy="single", model=ModelName("mute"))
    with Client(started.settings, [REGISTRY]) as client:
        tell(client, REGISTRY, "jester", CapabilityOffered(card=card))

    def listed() -> dict[str, int]:
        rows = started.succeed("capability", "list", "-o", "jsonl").rows
        return {row["capability"]: row["version"] for row in rows}

    until(lambda: "jester" in listed(), "the capability is registered")
    done = started.succeed("capability", "withdraw", "jester", "--reason", "not funny")
    assert done.out == "jester is withdrawn\n"
    assert "jester" not in listed()
    again = started.run("capability", "withdraw", "jester")
    assert (again.code, again.out) == (2, "")
    assert "no capability is called 'jester'" in again.err


def test_a_dead_letter_is_listed_shown_and_retried(started: Front) -> None:
    with Client(started.settings) as client:
        client.log.append(
            [Draft(MEMORY.name, None, b"ada", b"\x00\x00\x01\x86\xa0junk", [])], lambda _: None
        )
        client.flush()
    until(lambda: bool(started.succeed("dlq", "list", "-o", "jsonl").rows), "it is parked")
    (letter,) = started.succeed("dlq", "list", "-o", "jsonl").rows
    assert letter["error"].endswith("UnknownSchema")
    shown = json.loads(started.succeed("dlq", "show", letter["letter"], "-o", "json").out)
    assert shown["bytes"] == "00 00 01 86 a0 6a 75 6e 6b"
    assert (shown["source"], shown["key"]) == (letter["source"], "b'ada'")
    assert started.run("dlq", "retry", letter["letter"], "--yes").err == "appended 1 records\n"
    until(
        lambda: len(started.succeed("dlq", "list", "-o", "jsonl").rows) == 2, "it is parked again"
    )
    for wrong in ("x", "nowhere/0@0", f"{MEMORY.dead_letters}/0@99", f"{MEMORY.dead_letters}/99@0"):
        done = started.run("dlq", "show", wrong)
        assert (done.code, done.out) == (2, "")
    assert started.run("dlq", "retry").code == 2
    assert started.run("dlq", "retry", "--all").code == 130, "nobody there to say yes"


def test_a_rebuild_comes_to_the_same_and_the_grid_goes_on(started: Front) -> None:
    done = started.succeed("rebuild", "-o", "jsonl")
    assert {row["as_before"] for row in done.rows} <= {"yes", "not known"}
    registry = [row for row in done.rows if row["decider"] == "registry" and row["keys"]]
    assert registry
    assert {row["as_before"] for row in registry} == {"yes"}
    assert done.err.endswith("everything is as it was\n")
    assert "events/s) and " in done.err
    started.await_whole()
    assert started.succeed("ask", "Is anybody there?").out


def test_colour_is_for_terminals_that_want_it(started: Front) -> None:
    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", "topic", "list"],
            cwd=ROOT,
            env={**started.env, **variables},
            stdout=theirs,
        )
        os.close(theirs)
        assert child.wait(timeout=120) == 0
        assert (b"\x1b[" in os.read(ours, 100_000)) == coloured
        os.close(ours)
    assert "\x1b[" not in started.succeed("topic", "list").out


COMMANDS = (
    *("ask hi", "ingest README.md", "run list", "run show x", "run watch", "rebuild", "topic list"),
    *("topic create", "schema list", "schema register", "dlq list", "dlq show x/0@0", "lag"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_grid_nothing_can_be_reached(tmp_path: Path, command: str) -> None:
    done = Front(tmp_path).run(*command.split())
    assert (done.code, done.out) == (4, "")
    assert "  fix: start the grid: `aether up --detach`" in done.err
    assert not list(tmp_path.iterdir()), "and nothing was touched"
