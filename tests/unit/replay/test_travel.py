"""Every moment of a stream can be gone back to, and snapshots change nothing but the way."""

from pathlib import Path
from typing import Any

import pytest

from replay.travel import Moment, Traveller
from streams.envelope import Decision, origin_of
from streams.errors import Poison
from streams.io.memory_log import MemoryLog
from streams.io.snapshots import SnapshotFolder
from streams.ledger import Marks
from streams.topics import Topic
from tests.unit.processors.crash_world import World
from tests.unit.processors.toy_events import TOPIC
from tests.unit.processors.toy_parts import ADDER, COUNTER
from tests.unit.replay.test_verify import world

#: Worlds in which a fact of the grid was told.
RULED_SEEDS = (0, 1, 2, 4, 5)


def states_before(made: World, decider: Any, key: str) -> list[tuple[int, int]]:
    """Return the key's state and the grid's before each offset, decided anew in one pass."""
    state, grid, marks, found = decider.initial, decider.grid.initial, Marks(), []
    for record in made.records():
        found.append((state, grid))
        if marks.repeats(
            origin_of(dict(record.headers), record.offset), (record.key or b"").decode()
        ):
            continue
        try:
            cause = made.wire.open(record)
            if isinstance(cause.event, decider.grid.reads):
                grid = decider.grid.evolve(grid, cause.event)
            if cause.key == key and isinstance(cause.event, decider.reads):
                state = decider.fold(decider.decide(state, cause, grid), state)
        except Poison:
            continue
    return [*found, (state, grid)]


def traveller(made: World, folder: Path | None = None) -> Traveller:
    snapshots = SnapshotFolder(folder) if folder else made.snapshots
    return Traveller(MemoryLog(made.broker), made.wire, snapshots)


@pytest.mark.parametrize("decider", [COUNTER, ADDER], ids=lambda d: str(d.name))
@pytest.mark.parametrize("seed", RULED_SEEDS)
def test_every_moment_is_as_it_was(decider: Any, seed: int, tmp_path: Path) -> None:
    made = world(seed, tmp_path)
    whole = traveller(made, tmp_path / "none")._replace(near=1)  # then the key's own alone
    short = traveller(made)
    saved, ruled = 0, False
    for key in ("x", "y"):
        for position, expected in enumerate(states_before(made, decider, key)):
            moment = Moment(0, position)
            by_fold, by_snapshot = (t.known([decider], key, moment)[0] for t in (whole, short))
            assert (by_fold.state, by_fold.grid) == expected, position
            assert (by_snapshot.state, by_snapshot.grid) == expected, position
            saved += by_fold.read - by_snapshot.read
            ruled |= expected[1] != decider.grid.initial
    assert saved > 0, "no snapshot was used"
    assert ruled == (decider is COUNTER), "no fact of the grid was told"


def test_the_moment_after_a_decision_is_that_of_its_input(tmp_path: Path) -> None:
    made = world(3, tmp_path)
    goes = traveller(made)
    for record in made.records():
        origin = origin_of(dict(record.headers), record.offset)
        if isinstance(origin, Decision):
            envelope = made.wire.open(record)
            assert goes.moment_after(envelope) == Moment(0, origin.cause.offset + 1)


def test_an_event_is_found_in_its_stream_by_its_id(tmp_path: Path) -> None:
    made = world(3, tmp_path)
    last = made.wire.open(next(r for r in reversed(made.records()) if r.key == b"x" and r.headers))
    topic = Topic(name=TOPIC.name, key="session", partitions=1)
    found = traveller(made).find(topic, "x", last.event_id)
    assert found is not None
    assert found.event == last.event
    assert found.offset <= last.offset
    assert traveller(made).find(topic, "y", last.event_id) is None


def test_a_time_leads_to_the_moment_before_it(tmp_path: Path) -> None:
    made = world(3, tmp_path)
    goes, records = traveller(made), made.records()
    assert goes.moment_at(TOPIC, "x", records[7].timestamp_ms) == Moment(0, 7)
    assert goes.moment_now(TOPIC, "x") == Moment(0, len(records))


def test_a_key_is_known_once_anything_was_told_of_it(tmp_path: Path) -> None:
    goes = traveller(world(1, tmp_path))
    assert [goes.knows(TOPIC, key) for key in ("x", "y", "z")] == [True, True, False]
