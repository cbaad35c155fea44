"""A fork shares what came before, decides the rest anew, and asks nobody."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.effects import Effect
from replay.fork import Branch, Forked, Forker, How
from replay.original import paces
from replay.past import Past, past_of
from replay.recorded import Outside, Recorded
from replay.runs import events_of
from replay.travel import Traveller
from streams.effects import EffectClass
from streams.envelope import Envelope, author_of
from streams.errors import EffectDuringReplay, Misconfigured
from streams.events import sessions as s
from streams.ids import EventId, ModelName, ProcessorName, RunId
from tests.unit.replay.memory_grid import DECIDERS, MemoryGrid


def outside(effect: Effect) -> Outside:
    return Outside(
        name=effect.name,
        reads=effect.reads,
        writes=effect.writes,
        depends_on=effect.depends_on,
        safety=effect.safety,
        missing=lambda cause: effect.give_up(cause, EffectDuringReplay("not recorded")),  # type: ignore[arg-type]
    )


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def recorded(grid: MemoryGrid, *runs: RunId) -> Recorded:
    made = Recorded(map(outside, grid.effects))
    for run_id in runs:
        for envelope in past(grid, run_id).stream:
            made.learn(envelope, author_of(envelope.head))
    return made


def forker(grid: MemoryGrid, *runs: RunId, **given: Any) -> Forker:
    return Forker(recorded(grid, *runs), **given)


def past(grid: MemoryGrid, run_id: RunId) -> Past:
    return past_of(run_id, DECIDERS, Traveller(grid.log, grid.wire, grid.snapshots))


def fork(grid: MemoryGrid, run_id: RunId, at: type, record: Any = None, **changes: Any) -> Forked:
    told = past(grid, run_id)
    first = told.first(at)
    assert first is not None
    return (record or forker(grid, run_id)).fork(told, Branch(at=first, changes=changes))


def told(forked: Forked) -> list[tuple[str, How]]:
    return [(type(step.envelope.event).__name__, step.how) for step in forked.steps]


def last(forked: Forked) -> Any:
    return forked.steps[-1].envelope.event


def test_a_fork_that_changes_nothing_tells_the_same_run(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    forked = fork(grid, run_id, s.RequestReceived)
    original = events_of(run_id, grid.log, grid.wire)
    assert sorted(map(_content, forked.events)) == sorted(map(_content, original))
    assert forked.count(How.STUBBED) == 0
    assert last(forked).text == "gray: green?"


def _content(envelope: Envelope[Any]) -> str:
    return repr(envelope.event)


def test_what_came_before_is_shared_and_the_rest_is_told_anew(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    forked = fork(grid, run_id, s.InferenceRequested, text="why?")
    assert told(forked) == [
        ("RequestReceived", How.SHARED),
        ("RunStarted", How.SHARED),
        ("TextPerceived", How.SHARED),
        ("RequestRouted", How.SHARED),
        ("ContextRecalled", How.SHARED),
        ("PlanMade", How.SHARED),
        ("InferenceRequested", How.CHANGED),
        ("InferenceFailed", How.STUBBED),
        ("RunFailed", How.DECIDED),
    ]


def test_another_capability_speaks_with_its_own_model_from_the_record(grid: MemoryGrid) -> None:
    run_id, other = grid.ask("green?"), grid.ask("green?", "bob", model="blue")
    forked = fork(
        grid, run_id, s.RequestRouted, forker(grid, run_id, other), capability="blue-talk"
    )
    assert last(forked).text == "blue: green?"
    assert last(forked).run_id == run_id
    assert forked.count(How.RECORDED) == 1 + (("ContextRecalled", How.RECORDED) in told(forked))


def test_where_the_record_is_silent_only_a_live_fork_asks(grid: MemoryGrid) -> None:
    run_id, asked = grid.ask("green?"), list[str]()

    def perform(effect: Outside, cause: Envelope[Any]) -> Any:
        asked.append(effect.name)
        return s.InferenceCompleted(
            run_id=cause.event.run_id,
            inference_id=cause.event.inference_id,
            model=cause.event.model,
            text="live",
            citations=(),
            finish_reason="stop",
            prompt_tokens=1,
            completion_tokens=1,
        )

    live = forker(grid, run_id, perform=perform)
    forked = fork(grid, run_id, s.RequestRouted, live, capability="blue-talk")
    assert asked == ["models"]
    assert (last(forked).text, forked.count(How.LIVE)) == ("live", 1)


def test_a_run_hears_again_what_it_was_told_itself(grid: MemoryGrid) -> None:
    """Another run asked the same before, and was told something else."""
    first = grid.ask("green?", "bob")
    grid.shelf.text = "another book"
    second = grid.ask("green?")
    forked = fork(grid, second, s.RequestReceived, forker(grid, first, second))
    recalled = [e.event for e in forked.events if isinstance(e.event, s.ContextRecalled)]
    assert [event.passages[0].text for event in recalled] == ["another book"]


def test_the_state_at_the_branch_is_that_of_the_whole_session(grid: MemoryGrid) -> None:
    for text in ("green?", "blue?", "grass?"):
        run_id = grid.ask(text)
    forked = fork(grid, run_id, s.RequestReceived)
    original = events_of(run_id, grid.log, grid.wire)
    assert sorted(map(_content, forked.events)) == sorted(map(_content, original))


def test_the_same_fork_twice_is_the_same_and_its_ids_are_its_own(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    one, two = (fork(grid, run_id, s.InferenceRequested, text="why?") for _ in range(2))
    assert one == two
    other = fork(grid, run_id, s.InferenceRequested, text="how?")
    new = [{x.envelope.event_id for x in f.steps if x.how is not How.SHARED} for f in (one, other)]
    assert new[0].isdisjoint(new[1])
    assert new[0].isdisjoint({e.event_id for e in events_of(run_id, grid.log, grid.wire)})


def test_the_log_is_untouched(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    before = {place: list(records) for place, records in grid.broker.records.items()}
    fork(grid, run_id, s.RequestReceived, text="why?")
    assert before == grid.broker.records
    assert not grid.log.in_flight


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nothing": 1}, "has no nothing"),
        ({"options.nothing": 1}, "has no options.nothing"),
        ({"messages.3.role": "user"}, "has no messages.3"),
        ({"text": 7}, "cannot hold text=7"),
        ({"options.seed": 2**70}, "cannot hold"),
    ],
)
def test_a_change_that_the_event_cannot_hold_is_refused(
    grid: MemoryGrid, changes: dict[str, Any], said: str
) -> None:
    run_id = grid.ask("green?")
    with pytest.raises(Misconfigured, match=said):
        fork(grid, run_id, s.RequestReceived, **changes)


def test_an_unknown_run_or_event_is_refused(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    with pytest.raises(Misconfigured, match="no event of run"):
        past(grid, RunId("nobody"))
    with pytest.raises(Misconfigured, match="has no event"):
        forker(grid, run_id).fork(past(grid, run_id), Branch(at=EventId("none"), changes={}))


def test_what_is_new_takes_as_long_as_its_processor_took(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    forked = fork(grid, run_id, s.InferenceRequested, text="why?")
    delays = {str(name): took for name, took in paces(past(grid, run_id).stream).items()}
    assert delays.keys() == {"router", "orchestrator", "perception", "recall", "models"}
    asked, failed, ended = (envelope.recorded_at_ms for envelope in forked.events[-3:])
    assert failed - asked == delays["models"]
    assert ended - failed == delays["orchestrator"]


def test_what_comes_first_in_time_is_heard_first(grid: MemoryGrid) -> None:
    """The context is slow here: the plan is made before it comes."""
    run_id = grid.ask("green?")
    told_ = past(grid, run_id)
    slow = [
        e._replace(recorded_at_ms=e.recorded_at_ms + 1_000)
        if isinstance(e.event, s.ContextRecalled)
        else e
        for e in told_.stream
    ]
    record = Recorded(map(outside, grid.effects))
    for envelope in slow:
        record.learn(envelope, author_of(envelope.head))
    at = told_.first(s.RequestReceived)
    assert at is not None
    forked = Forker(record).fork(told_, Branch(at=at, changes={}))
    kinds = [type(envelope.event) for envelope in forked.events]
    assert kinds.index(s.PlanMade) < kinds.index(s.ContextRecalled)
    assert s.ContextAccepted not in kinds
    assert forked.events[-1].recorded_at_ms > 1_000 + forked.events[0].recorded_at_ms


@pytest.mark.parametrize("author", [None, "inbox/poet", "deadline"])
def test_what_a_node_answered_is_found_by_the_request_that_caused_it(
    grid: MemoryGrid, author: ProcessorName | None
) -> None:
    run_id = grid.ask("green?")
    record = Recorded(map(outside, grid.effects))
    for envelope in past(grid, run_id).stream:
        node = isinstance(envelope.event, s.InferenceCompleted)
        record.learn(envelope, author if node else author_of(envelope.head))
    assert len(record) == len(recorded(grid, run_id)) > 1


@pytest.mark.parametrize("claimed", [{"run_id": RunId("another")}, {"model": ModelName("blue")}])
def test_nobody_answers_for_another_run_or_model(grid: MemoryGrid, claimed: Any) -> None:
    run_id = grid.ask("green?")
    record = Recorded(map(outside, grid.effects))
    for envelope in past(grid, run_id).stream:
        if isinstance(envelope.event, s.InferenceCompleted):
            said = replace(envelope.event, text="forged", **claimed)
            record.learn(envelope._replace(event=said), None)
        record.learn(envelope, author_of(envelope.head))
    whole = recorded(grid, run_id)
    for effect in record.effects:
        for request in past(grid, run_id).stream:
            if isinstance(request.event, effect.reads):
                assert record.find(effect, request) == whole.find(effect, request)


def test_what_cannot_be_undone_is_never_called(grid: MemoryGrid) -> None:
    run_id, asked = grid.ask("green?"), list[str]()
    record = recorded(grid, run_id)
    record.effects = tuple(replace(e, safety=EffectClass.UNREPEATABLE) for e in record.effects)

    def perform(effect: Outside, _: Envelope[Any]) -> Any:
        asked.append(effect.name)

    with pytest.raises(PermissionError, match="models cannot be undone"):
        fork(grid, run_id, s.RequestRouted, Forker(record, perform), capability="blue-talk")
    assert asked == []


def test_a_replay_that_needs_what_nobody_recorded_asks_nobody(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?")
    record = recorded(grid, run_id)
    models = next(effect for effect in record.effects if s.InferenceRequested in effect.reads)
    request = next(e for e in past(grid, run_id).stream if isinstance(e.event, models.reads))
    answered = record.outcome(models, request).event
    assert answered.text == "gray: green?"
    never = request._replace(event=replace(request.event, text="never asked"))
    with pytest.raises(EffectDuringReplay, match="was never asked what InferenceRequested"):
        record.outcome(models, never)
