"""A run that is told again with nothing changed is the run: the same events, in the same order."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.deciders import DECIDERS as ALL_DECIDERS
from processors.router.decider import ROUTER
from replay.diff import diff, side_of
from replay.fork import Branch, Forked, Forker, How
from replay.forks import past_of_any
from replay.histories import histories
from replay.original import Original
from replay.past import Past, past_of
from replay.recorded import Outside, Recorded
from replay.travel import Traveller
from replay.whatif import Change, whatif
from streams.envelope import CAUSATION, PROCESSOR, Envelope, author_of
from streams.errors import Misconfigured
from streams.events import sessions as s
from streams.ids import EventId, ModelName, RunId
from streams.topics import SESSIONS
from tests.golden import golden
from tests.unit.replay.meanwhile import MEANWHILE, Meanwhile, Once, busy
from tests.unit.replay.memory_grid import (
    DECIDERS,
    PARTITIONS,
    MemoryGrid,
)
from tests.unit.replay.test_fork import outside, past, recorded
from tests.unit.replay.test_forks import keep


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


@pytest.fixture(params=MEANWHILE)
def happens(request: pytest.FixtureRequest) -> Meanwhile:
    return MEANWHILE[request.param]


def told(events: Sequence[Envelope[Any]]) -> list[tuple[Any, ...]]:
    """Return what makes a telling: what by whom, in what order, and when."""
    return [(e.event, author_of(e.head), e.recorded_at_ms) for e in events]


def own(past: Past) -> list[Envelope[Any]]:
    return [envelope for envelope in past.stream if envelope.run_id == past.run_id]


def retold(past: Past, record: Recorded) -> Iterator[Forked]:
    """Tell a run again from every event on, with nothing changed."""
    for envelope in own(past):
        yield Forker(record).fork(past, Branch(at=envelope.event_id, changes={}))


@pytest.mark.parametrize("turns", [0, 40, 80])
@pytest.mark.parametrize("while_", ["perception", "recall", "models"])
def test_a_run_told_again_is_the_run_whatever_happened_meanwhile(
    grid: MemoryGrid, while_: str, turns: int, happens: Meanwhile
) -> None:
    run_id = grid.say("green?")
    busy(grid, while_, Once(lambda: happens(grid, run_id), turns))
    grid.work()
    grid.ask("grass?")
    grid.cancel(run_id)
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    runs = {e.run_id for e in past(grid, run_id).stream if e.run_id}
    for run in runs:
        then = past_of(run, DECIDERS, goes)
        tellings = list(retold(then, recorded(grid, run)))
        assert tellings
        for telling in tellings:
            assert told(telling.events) == told(own(then))


def test_a_change_of_nothing_changes_no_figure(grid: MemoryGrid, happens: Meanwhile) -> None:
    """Where all runs are the record, the run's own end still counts."""
    grid.ask("green?", "bob")
    run_id = grid.say("green?")
    busy(grid, "models", Once(lambda: happens(grid, run_id), turns=40))
    grid.work()
    pasts = [p for n in range(PARTITIONS) for p in histories(DECIDERS, grid.log, grid.wire, n)]
    whole = recorded(grid, *(past.run_id for past in pasts))
    rows = list(whatif(pasts, Change(kind=s.RequestReceived, fields={}), whole))
    assert len(rows) >= 2
    for row in rows:
        assert row is not None
        assert row.covered
        assert row.recorded == row.forked


def test_what_the_record_leaves_open_is_no_stand_in_for_a_run_that_is_over(
    grid: MemoryGrid,
) -> None:
    run_id = grid.say("green?")
    busy(grid, "models", Once(lambda: grid.cancel(run_id)))
    grid.work()
    then = past(grid, run_id)
    unanswered = then._replace(
        stream=[e for e in then.stream if not isinstance(e.event, s.InferenceCompleted)]
    )
    record = Recorded(map(outside, grid.effects))
    for envelope in unanswered.stream:
        record.learn(envelope, author_of(envelope.head))
    for telling in retold(unanswered, record):
        assert told(telling.events) == told(own(unanswered))
    # and if it is not over
    waits = unanswered._replace(stream=unanswered.stream[:-2])
    kinds = {type(e.event) for e in own(waits)}
    assert s.InferenceRequested in kinds
    assert s.CancellationRequested not in kinds
    for telling in retold(waits, record):
        assert told(telling.events[:-2]) == told(own(waits))
        assert [step.how for step in telling.steps[-2:]] == [How.STUBBED, How.DECIDED]


def test_nobody_is_asked_for_what_happens_beside_a_run(grid: MemoryGrid) -> None:
    run_id, asked = grid.say("green?"), list[RunId]()
    busy(grid, "models", Once(lambda: grid.say("blue?"), turns=40))
    grid.work()

    def perform(effect: Outside, cause: Envelope[Any]) -> Any:
        asked.append(cause.run_id)
        return effect.missing(cause)

    then = past(grid, run_id)
    at = then.first(s.InferenceRequested)
    assert at is not None
    beside = {e.run_id for e in then.stream if isinstance(e.event, s.TextPerceived)} - {run_id}
    assert beside
    forker = Forker(Recorded(map(outside, grid.effects)), perform)
    forker.fork(then, Branch(at=at, changes={"text": "why?"}))
    assert asked == [run_id]


def test_a_node_that_answered_by_its_inbox_is_not_heard_on_another_question(
    grid: MemoryGrid,
) -> None:
    run_id = grid.ask("green?")
    then = past(grid, run_id)
    head = {PROCESSOR: b"inbox/node/1", CAUSATION: b"in the inbox"}
    stream = [
        e._replace(head=head) if isinstance(e.event, s.InferenceCompleted) else e
        for e in then.stream
    ]
    at = then.first(s.InferenceRequested)
    assert at is not None
    branch = Branch(at=at, changes={"text": "why?"})
    forked = Forker(recorded(grid)).fork(then._replace(stream=stream), branch)
    assert [step.how for step in forked.steps[-2:]] == [How.STUBBED, How.DECIDED]


def test_what_was_under_way_before_a_run_began_comes_by_itself(grid: MemoryGrid) -> None:
    first, second = grid.say("green?"), list[RunId]()
    busy(grid, "models", Once(lambda: second.append(grid.say("blue?"))))
    grid.work()
    then = past(grid, second[0])
    original = Original(then, map(outside, grid.effects))
    alone = [then.stream[place] for place in original.by_itself(0)]
    assert [type(e.event) for e in alone] == [s.InferenceCompleted]
    assert {e.run_id for e in alone} == {first}


def test_what_a_later_decider_decides_sooner_comes_sooner(grid: MemoryGrid) -> None:
    """Only what a decider had not come to when the record ended waits for that."""

    def at_once(state: Any, cause: Envelope[Any], table: Any) -> Any:
        if isinstance(cause.event, s.RequestReceived):
            named = replace(cause.event, model=ModelName("gray-talk"))
            cause = cause._replace(event=named)
        return ROUTER.decide(state, cause, table)

    run_id = grid.ask("green?")
    then = past(grid, run_id)
    router, other = then.standpoints
    later = router._replace(decider=replace(ROUTER, version=ROUTER.version + 1, decide=at_once))
    forked = Forker(recorded(grid, run_id)).fork(
        then._replace(standpoints=[later, other]), Branch(at=EventId(run_id), changes={})
    )
    kinds = [type(envelope.event) for envelope in forked.events]
    assert kinds.index(s.RequestRouted) < kinds.index(s.InferenceRequested)
    routed = next(e for e in forked.events if isinstance(e.event, s.RequestRouted))
    assert routed.recorded_at_ms < own(then)[-1].recorded_at_ms


def test_a_run_that_is_over_sooner_hears_nothing_of_what_came_later(grid: MemoryGrid) -> None:
    """As it is with recorded runs: a run is what leads up to its end."""
    run_id = grid.say("green?")
    busy(grid, "models", Once(lambda: grid.cancel(run_id)))
    grid.work()
    forked = Forker(recorded(grid, run_id)).fork(
        past(grid, run_id), Branch(at=EventId(run_id), changes={"model": "nobody"})
    )
    assert isinstance(forked.events[-1].event, s.RunFailed)
    assert s.CancellationRequested not in {type(e.event) for e in forked.events}


def test_a_fork_of_a_fork_hears_what_happened_meanwhile(
    grid: MemoryGrid, happens: Meanwhile
) -> None:
    run_id = grid.say("green?")
    busy(grid, "models", Once(lambda: happens(grid, run_id)))
    grid.work()
    then, record = past(grid, run_id), recorded(grid, run_id)
    first = Forker(record).fork(then, Branch(at=EventId(run_id), changes={"stream": True}))
    keep(grid, first)
    goes = Traveller(grid.log, grid.wire, grid.snapshots)
    again = past_of_any(first.fork_id, DECIDERS, goes)
    assert told(own(again)) == told(first.events)
    beside = [e for e in then.stream if e.run_id != run_id]
    assert [e for e in again.stream if e.run_id != run_id] == beside
    for telling in retold(again, record):
        assert told(telling.events) == told(first.events)


def test_a_run_branches_at_its_own_events_alone(grid: MemoryGrid) -> None:
    """A fork holds its run's events, so one that leaves at another's could not come back."""
    run_id = grid.say("green?")
    busy(grid, "models", Once(lambda: grid.adopt("green")))
    grid.work()
    then = past(grid, run_id)
    (fact,) = [e for e in then.stream if isinstance(e.event, s.CapabilityAdopted)]
    with pytest.raises(Misconfigured, match="has no event"):
        Forker(recorded(grid, run_id)).fork(then, Branch(at=fact.event_id, changes={}))


TODAY = {f"{d.name}/{d.version}" for d in ALL_DECIDERS}
HERE = [decider for decider in ALL_DECIDERS if decider.topic is SESSIONS]


def by_todays(history: Path) -> bool:
    names = {str(decider.name) for decider in HERE}
    decided = {d for d in golden.decided_in(history) if d.partition("/")[0] in names}
    return bool(decided) and decided <= TODAY


@pytest.mark.parametrize(
    "history", [*filter(by_todays, golden.histories())], ids=lambda path: path.stem
)
def test_every_released_run_told_again_is_the_run(grid: MemoryGrid, history: Path) -> None:
    """Its effects were made by hand, under ids and a name of their own."""
    log, wire = golden.recorded_log(history)
    by = {kind: f"{effect.name}/1" for effect in grid.effects for kind in effect.writes}
    pasts = list(histories(HERE, log, wire, 0))
    for run in pasts:
        stream = [
            e._replace(head={**e.head, PROCESSOR: by[type(e.event)].encode()})
            if author_of(e.head) == "golden"
            else e
            for e in run.stream
        ]
        then, record = run._replace(stream=stream), Recorded(map(outside, grid.effects))
        for envelope in stream:
            record.learn(envelope, author_of(envelope.head))
        for telling in retold(then, record):
            assert diff(own(then), telling.events).same
            order = [(type(e.event), e.recorded_at_ms) for e in telling.events]
            assert order == [(type(e.event), e.recorded_at_ms) for e in own(then)]
    assert any(side_of(then.stream).outcome == "failed: cancelled" for then in pasts)
