"""A kept fork comes back as it was made, can be forked again, and leaves the sessions alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from replay.fork import Branch, Forked, How, Perform, Step
from replay.forks import changes_of, find_fork, forked_of, kept, kept_forks, past_of_any, steps_of
from replay.grid import under
from replay.recorded import Outside
from replay.travel import Traveller
from streams.envelope import Envelope
from streams.errors import Misconfigured
from streams.events import sessions as s
from streams.ids import EventId, RunId, derived
from streams.topics import FORKS, SESSIONS
from tests.unit.replay.memory_grid import DECIDERS, MemoryGrid
from tests.unit.replay.test_fork import fork, forker, past


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def keep(grid: MemoryGrid, forked: Forked) -> None:
    draft = grid.wire.root(
        kept(forked, grid.wire),
        component="test",
        topic=FORKS.name,
        key=forked.fork_id,
        event_id=EventId(forked.fork_id),
        at_ms=0,
    )
    grid.broker.land(draft)


def told(steps: tuple[Step, ...] | list[Step]) -> list[tuple[object, ...]]:
    return [
        (x.envelope.event, x.envelope.event_id, x.envelope.recorded_at_ms, x.how) for x in steps
    ]


def test_a_fork_comes_back_as_it_was_made(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    made = fork(grid, run_id, s.RequestRouted, capability="blue-talk")
    keep(grid, made)
    found = find_fork(made.fork_id, grid.log, grid.wire)
    assert found is not None
    back = steps_of(found, past(grid, run_id), grid.wire)
    own = [step for step in back if step.envelope.run_id == run_id]
    assert told(own) == told(made.steps)


def test_a_fork_is_not_hidden_behind_one_that_was_answered_otherwise(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    told_so = [fork(grid, run_id, s.RequestRouted, capability="blue-talk")]
    for text in ("live", "live again", "live"):
        live = forker(grid, run_id, perform=saying(text))
        told_so.append(fork(grid, run_id, s.RequestRouted, live, capability="blue-talk"))
    grid.ask("green?", "bob", model="blue")
    anywhere = forker(grid, run_id, RunId(derived("run", "bob", "green?", "blue")))
    told_so.append(fork(grid, run_id, s.RequestRouted, anywhere, capability="blue-talk"))
    for made in told_so:
        keep(grid, made)
    ends = [text_at_the_end(grid, made.fork_id) for made in told_so]
    assert ends == [None, "live", "live again", "live", "blue: green?"]
    assert told_so[1].fork_id == told_so[3].fork_id


def text_at_the_end(grid: MemoryGrid, fork_id: RunId) -> str | None:
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    last = past_of_any(fork_id, DECIDERS, goes).stream[-1].event
    return last.text if isinstance(last, s.ResponseCompleted) else None


def saying(text: str) -> Perform:
    """Return what answers for real."""

    def perform(effect: Outside, cause: Envelope[Any]) -> Any:
        request = cause.event
        return s.InferenceCompleted(
            run_id=request.run_id,
            inference_id=request.inference_id,
            model=request.model,
            text=text,
            citations=(),
            finish_reason="stop",
            prompt_tokens=1,
            completion_tokens=1,
        )

    return perform


def test_what_a_later_decider_makes_of_a_fork_is_another_fork(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    now = past(grid, run_id)
    points = [
        point._replace(decider=replace(point.decider, version=point.decider.version + 1))
        for point in now.standpoints
    ]
    branch = Branch(at=EventId(run_id), changes={"model": "gray-talk"})
    asked = forker(grid, run_id)
    one, two = (asked.fork(told, branch) for told in (now, now._replace(standpoints=points)))
    assert one.fork_id != two.fork_id
    assert one.fork_id == asked.fork(now, branch).fork_id


def test_a_plain_fork_is_called_as_it_ever_was(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    at = past(grid, run_id).first(s.InferenceRequested)
    made = fork(grid, run_id, s.InferenceRequested, text="why?")
    assert made.fork_id == derived("fork", run_id, at, '{"text":"why?"}')


def test_only_what_is_not_shared_is_kept(grid: MemoryGrid) -> None:
    made = fork(grid, grid.ask("green?"), s.InferenceRequested, text="why?")
    event = kept(made, grid.wire)
    assert len(event.steps) == len(made.steps) - made.count(How.SHARED) == 3


def test_a_fork_can_be_forked_again(grid: MemoryGrid) -> None:
    run_id, other = grid.ask("green?"), grid.ask("green?", "bob", model="blue")
    first = fork(grid, run_id, s.RequestRouted, forker(grid, run_id, other), capability="blue-talk")
    keep(grid, first)
    again = past_of_any(first.fork_id, DECIDERS, Traveller(grid.log, grid.wire, grid.snapshots))
    at = again.first(s.InferenceRequested)
    assert at is not None
    second = forker(grid, run_id, other).fork(again, Branch(at=at, changes={"model": "gray"}))
    assert second.origin == first.fork_id
    assert second.fork_id != first.fork_id
    assert [e.event.text for e in second.events if isinstance(e.event, s.ResponseCompleted)] == [
        "gray: green?"
    ]
    routed = [e.event.capability for e in second.events if isinstance(e.event, s.RequestRouted)]
    assert routed == ["blue-talk"]


def test_the_sessions_never_hear_of_it(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    before = [len(grid.broker.records[SESSIONS.name, n]) for n in range(2)]
    keep(grid, fork(grid, run_id, s.RequestReceived, text="why?"))
    assert [len(grid.broker.records[SESSIONS.name, n]) for n in range(2)] == before


def test_what_is_neither_run_nor_fork_is_refused(grid: MemoryGrid) -> None:
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    with pytest.raises(Misconfigured, match="no event of run"):
        past_of_any(RunId("nobody"), DECIDERS, goes)


def test_a_fork_under_other_facts_keeps_them_when_it_is_forked_again(grid: MemoryGrid) -> None:
    run_id, other = grid.ask("green?"), grid.ask("green?", "bob", model="blue")
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    changes = {"@grid.CapabilityAdopted[gray-talk].model": "blue"}
    then = under(past(grid, run_id), changes, goes)
    first = forker(grid, run_id, other).fork(then, Branch(at=EventId(run_id), changes=changes))
    keep(grid, first)
    again = past_of_any(first.fork_id, DECIDERS, goes)
    at = again.first(s.RequestRouted)
    assert at is not None
    branch = Branch(at=at, changes={"confidence": 0.25})
    second = forker(grid, run_id, other).fork(again, branch)
    spoken = [e.event.text for e in second.events if isinstance(e.event, s.ResponseCompleted)]
    assert spoken == ["blue: green?"]


def test_forks_are_listed_once_with_their_changes(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    forks = [fork(grid, run_id, s.InferenceRequested, text=text) for text in ("why?", "how?")]
    for made in (*forks, forks[0]):
        keep(grid, made)
    found = {fork_id: changes_of(made) for fork_id, made, _ in kept_forks(grid.log, grid.wire)}
    assert found == {made.fork_id: made.branch.changes for made in forks}
    kept_one = find_fork(forks[0].fork_id, grid.log, grid.wire)
    assert kept_one is not None
    shown = forked_of(forks[0].fork_id, kept_one, past(grid, run_id), grid.wire)
    assert told(shown.steps) == told(forks[0].steps)
    assert (shown.fork_id, shown.origin) == (forks[0].fork_id, run_id)
    assert shown.branch == forks[0].branch
