"""`aether produce` and `aether consume` on a real grid."""

import json
import subprocess
import uuid
from typing import Any

import pytest

from streams.topics import MEMORY
from tests.integration.grid.front import LATE_S, Done, Front
from tests.unit.gateway.api.events import DATA

pytestmark = pytest.mark.integration


def offered(text: str) -> dict[str, Any]:
    return {**DATA, "content": {**DATA["content"], "text": text}}


def produced(front: Front, lines: list[str], *arguments: str) -> Done:
    """Run `aether produce` with lines on stdin."""
    child = front.start("produce", *arguments, stdin=subprocess.PIPE)
    out, err = child.communicate("".join(f"{line}\n" for line in lines), timeout=LATE_S)
    assert "Traceback" not in err
    return Done(child.returncode, out, err)


def test_lines_go_in_and_come_out_as_they_were(started: Front) -> None:
    key = f"user:{uuid.uuid4()}"
    lines = [json.dumps(offered(f"{key} line {n}")) for n in range(20)]
    done = produced(started, lines, "memory", "-t", "MemoryOffered", "-k", key, "-o", "jsonl")
    assert done.code == 0, done
    out = started.succeed(
        "consume", "memory", "--from", "start", "-e", "-k", key, "-t", "MemoryOffered",
        "-o", "jsonl",
    ).rows  # fmt: skip
    assert [row["id"] for row in out] == [row["id"] for row in done.rows]
    assert [row["data"] for row in out] == [json.loads(line) for line in lines]
    some = started.succeed(
        "consume", MEMORY.name, "--from", "start", "-e", "-k", key, "-n", "2",
        "--filter", f'"{key} line 1" in data.content.text', "-f", "%p %k %n\\n",
    ).out  # fmt: skip
    assert some.splitlines() == [f"{out[0]['partition']} {key} MemoryOffered"] * 2
    offset, partition = str(out[18]["offset"]), str(out[18]["partition"])
    arguments = ("--from", offset, "-p", partition, "-e", "-k", key, "-t", "MemoryOffered")
    last = started.succeed("consume", "memory", *arguments, "-o", "json").out
    assert [row["id"] for row in json.loads(last)] == [row["id"] for row in out[18:]]


def test_what_may_not_be_written_says_why_and_writes_nothing(started: Front) -> None:
    key = f"user:{uuid.uuid4()}"
    good = json.dumps(offered("good"))
    cases = {
        3: ("memory", "-t", "MemoryOffered", "-k", key, good, "{}"),
        6: ("memory", "-t", "aether.memory.MemoryRecorded.v1", "-k", key, good),
        2: ("nothing", "-k", key, good),
    }
    for code, arguments in cases.items():
        done = started.run("produce", *arguments)
        assert (done.code, done.out) == (code, ""), done
    refused = started.run("produce", "aether.forks.events", "-k", key, good)
    assert (refused.code, refused.out) == (6, "")
    empty = started.succeed("consume", "memory", "--from", "start", "-e", "-k", key)
    assert empty.out == ""


def test_topics_and_schemas_are_shown(started: Front) -> None:
    rows = started.succeed("topic", "show", "memory", "-o", "jsonl").rows
    assert [row["partition"] for row in rows] == [0, 1, 2, 3]
    shown = json.loads(started.succeed("schema", "show", "MemoryOffered").out)
    assert shown["name"] == "MemoryOffered"
    assert started.run("schema", "show", "Nothing").code == 2
