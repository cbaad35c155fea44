"""A hundred thousand events folded anew: the same states, how fast, and what a lie looks like.

A worker with one role decided them, so its own group's offsets say how far it was.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.install import Installed
from processors.deciders import SNAPSHOTS_FOLDER
from processors.groups import group_of
from processors.memory.decider import MEMORY_DECIDER
from streams.events.memory import Content, Kind, MemoryOffered
from streams.ids import EventId, derived
from streams.io.client import Client
from streams.io.standing import place_of
from streams.plain import text_of
from streams.topics import MEMORY
from tests.integration.grid.front import Done, Front
from tests.integration.grid.harness import grid_running, running, wait_until

pytestmark = pytest.mark.integration

EVENTS = 100_000
OFFERS, SCOPES = EVENTS // 2, 1_000
LATE_S = 300.0
SPEED = re.compile(r"(\d+) events folded \((\d+) events/s\) and 0 memories indexed in ([\d.]+) s")


@pytest.fixture(scope="module")
def decided(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Offers, each decided by a worker that has ended since: the log and its snapshots."""
    folder = tmp_path_factory.mktemp("large")
    with (
        grid_running(folder, installed, models=False) as grid,
        Client(grid.settings) as client,
    ):
        # The folder is where the worker below keeps its snapshots.
        front = Front(folder / "worker", dict(grid.settings.ports))
        offer_all(client)
        role = grid.role("worker", "-m", "cli.main", "worker", "memory")
        with running(role):
            wait_until(lambda: length(client) >= EVENTS, LATE_S, "all are decided")
            grid.considered(client, group_of(["memory"]), MEMORY)
            role.stop()
        assert length(client) == EVENTS
        yield front


def offer_all(client: Client) -> None:
    for number in range(OFFERS):
        content = Content(
            kind=Kind.PASSAGE,
            text=f"memory {number}",
            title=f"title {number % 7}",
            uri="u",
            section="",
            speaker="",
            said_at_ms=None,
        )
        event_id = EventId(derived("offer", number))
        client.send(MEMORY, f"scope-{number % SCOPES}", MemoryOffered(content=content), event_id)
    client.flush()


def length(client: Client) -> int:
    partitions = range(client.log.partitions(MEMORY.name))
    return sum(client.log.span(MEMORY.name, partition).end for partition in partitions)


def of_memory(done: Done) -> list[tuple[str, str]]:
    """The hash of each partition of the memory decider, and whether it is as before."""
    return [(row["hash"], row["as_before"]) for row in done.rows if row["decider"] == "memory"]


def test_a_hundred_thousand_events_fold_to_the_same(decided: Front) -> None:
    done = decided.succeed("rebuild", "-o", "jsonl")
    assert [same for _, same in of_memory(done)] == ["yes"] * MEMORY.partitions
    rows = [row for row in done.rows if row["decider"] == "memory"]
    assert sum(row["keys"] for row in rows) == SCOPES
    assert sum(row["records"] for row in rows) == EVENTS
    told = SPEED.search(done.err)
    assert told is not None
    assert int(told[1]) == EVENTS
    assert int(told[2]) > 1_000, "a bound for busy machines; the figure is `aether bench rebuild`'s"
    print(told[0])
    again = decided.succeed("rebuild", "-o", "jsonl")
    assert of_memory(again) == of_memory(done)


def test_a_state_that_was_altered_is_found_and_named(decided: Front) -> None:
    right = of_memory(decided.succeed("rebuild", "-o", "jsonl"))
    owner = place_of(MEMORY_DECIDER, MEMORY.name, "", 0).owner
    snapshot, scope = alter_one(decided.folder / SNAPSHOTS_FOLDER / owner)
    partition = int(snapshot.parent.name)
    done = decided.run("rebuild", "-o", "jsonl")
    assert done.code == 3
    wanted = [(hash_, "NO" if n == partition else "yes") for n, (hash_, _) in enumerate(right)]
    assert of_memory(done) == wanted
    place = f"memory in {MEMORY.name}/{partition} up to offset {int(snapshot.name[:20])}"
    assert f"differs: {place}: {scope} differ; " in done.err
    assert done.err.endswith("SOMETHING DIFFERS\n")
    assert of_memory(decided.succeed("rebuild", "-o", "jsonl")) == right, "the log has mended it"


def alter_one(folder: Path) -> tuple[Path, str]:
    """Change one scope's state in a snapshot, and its name with it so that it counts as sound."""
    snapshot = max(folder.glob("*/1/*.jsonl"))
    first, line, *rest = snapshot.read_text().split("\n")
    scope, kept = json.loads(line)
    kept["count"] += 1
    content = "\n".join([first, text_of([scope, kept]), *rest])
    digest = hashlib.sha256(content.encode()).hexdigest()
    snapshot.unlink()
    altered = snapshot.with_name(f"{snapshot.name[:20]}-{digest}.jsonl")
    altered.write_text(content)
    return altered, scope
