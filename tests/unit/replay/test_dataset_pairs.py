"""Pairs come of what people said of runs and forks, and name the events that say it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from replay.dataset.examples import Example, forked, judged
from replay.dataset.rows import pair_rows
from replay.dataset.stretches import ends_of, stretches
from replay.fork import Branch
from replay.forks import kept
from replay.judged import judgements
from replay.unrepeated import Ends
from streams.events import sessions as s
from streams.events import tuning as t
from streams.ids import CapabilityId, EventId, RunId, derived
from streams.topics import FORKS, ROUTER_KEY, TUNING
from tests.unit.replay.memory_grid import MemoryGrid
from tests.unit.replay.test_dataset import conversation, examples
from tests.unit.replay.test_fork import forker, past

TALK = CapabilityId("gray-talk")


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path / "grid")


def land(grid: MemoryGrid, topic: str, key: str, event: object, name: str) -> EventId:
    event_id = EventId(derived(name))
    draft = grid.wire.root(
        event, component="test", topic=topic, key=key, event_id=event_id, at_ms=0
    )
    grid.broker.land(draft)
    return event_id


def keep_fork(grid: MemoryGrid, run_id: RunId, model: str) -> RunId:
    """Keep a fork of a run that another model answers; what it says was recorded elsewhere."""
    other = grid.ask("green?", session="other", model=f"{model}-talk")
    told = past(grid, run_id)
    at = told.first(s.RequestReceived)
    assert at is not None
    record = forker(grid, run_id, other)
    made = record.fork(told, Branch(at=at, changes={"model": f"{model}-talk"}))
    land(grid, FORKS.name, made.fork_id, kept(made, grid.wire), f"made {made.fork_id}")
    return made.fork_id


def say(grid: MemoryGrid, run_id: RunId, *, right: bool, times: int = 1) -> EventId:
    """Say of a run what the tuner hears of it."""
    verdict = t.Verdict.RIGHT if right else t.Verdict.WRONG
    said = t.FeedbackGiven(
        run_id=run_id, text="", encoder="letters", vector=b"", chosen=TALK,
        label=TALK if right else None, none_of_these=False, verdict=verdict,
    )  # fmt: skip
    return land(grid, TUNING.name, ROUTER_KEY, said, f"said {run_id} {times}")


def said_of(grid: MemoryGrid, ends: Ends) -> list[Example]:
    known = {e.run_id: e for e in examples(grid, ends).values()}
    every = [*known.values(), *forked(known, grid.log, grid.wire, conversation, ends)]
    return [*judged(every, judgements(grid.log, grid.wire, ends))]


def rewarded(grid: MemoryGrid, rewards: Mapping[RunId, float]) -> list[Example]:
    return [e._replace(reward=rewards.get(e.run_id)) for e in said_of(grid, {})]


def test_a_judged_run_and_its_judged_fork_are_a_pair(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?", session="ada")
    fork_id = keep_fork(grid, run_id, "blue")
    wrong = say(grid, run_id, right=False)
    judged = t.ForkJudged(run_id=fork_id, verdict=t.Verdict.RIGHT)
    right = land(grid, TUNING.name, ROUTER_KEY, judged, "judged")
    (row,) = pair_rows(said_of(grid, {}))
    assert {name: row.plain[name] for name in ("prompt", "chosen", "rejected")} == {
        "prompt": [{"role": "user", "content": "green?"}],
        "chosen": [{"role": "assistant", "content": "blue: green?"}],
        "rejected": [{"role": "assistant", "content": "gray: green?"}],
    }
    metadata = row.plain["metadata"]
    assert metadata["chosen"]["run_id"] == fork_id
    assert metadata["chosen"]["event_ids"][-2:] == [derived(f"made {fork_id}"), right]
    assert metadata["rejected"]["event_ids"][-1] == wrong
    assert {wrong, right} < {*metadata["event_ids"]}


def test_the_later_of_two_things_said_counts_and_is_named(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    say(grid, run_id, right=False)
    later = say(grid, run_id, right=True, times=2)
    (example,) = said_of(grid, {})
    assert (example.reward, example.label, example.event_ids[-1]) == (1.0, TALK, later)


def test_nothing_behind_the_ends_is_read(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    say(grid, run_id, right=False)
    ends = ends_of(stretches(grid.log))
    before = said_of(grid, ends)
    fork_id = keep_fork(grid, run_id, "blue")
    say(grid, run_id, right=True, times=2)
    assert said_of(grid, ends) == before
    assert {e.run_id for e in said_of(grid, {})} > {run_id, fork_id}


def test_what_is_judged_alike_or_not_at_all_is_no_pair(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?", session="ada")
    fork_id = keep_fork(grid, run_id, "blue")
    assert list(pair_rows(rewarded(grid, {run_id: 1.0, fork_id: 1.0}))) == []
    assert list(pair_rows(rewarded(grid, {run_id: 0.0}))) == []


def test_runs_with_opposite_feedback_are_a_pair_whatever_session_they_are_in(
    grid: MemoryGrid,
) -> None:
    good = grid.ask("green?", session="ada", model="blue-talk")
    bad = grid.ask("green?", session="bob", model="gray-talk")
    same = grid.ask("green?", session="eve", model="gray-talk")
    rows = list(pair_rows(rewarded(grid, {good: 0.9, bad: 0.1, same: 1.0})))
    assert [(row.ties, row.plain["chosen"][0]["content"]) for row in rows] == [
        (("question green?", "session ada", "session bob"), "blue: green?")
    ]


def test_a_fork_of_a_fork_is_learned_from_wherever_they_stand(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?", session="ada")
    fork_id = keep_fork(grid, run_id, "blue")
    (record,) = [
        record
        for partition in range(grid.log.partitions(FORKS.name))
        for records in grid.log.read(FORKS.name, partition, *grid.log.span(FORKS.name, partition))
        for record in records
    ]
    made = grid.wire.open(record).event
    children = [RunId(f"child-{n}") for n in range(8)]
    for child in children:
        again = type(made)(origin=fork_id, at=made.at, changes=made.changes, steps=made.steps)
        land(grid, FORKS.name, child, again, child)
    assert {*children} < {example.run_id for example in said_of(grid, {})}
