"""How a run is answered: each input met in each state, and a run that ends exactly once."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from processors.orchestrator.decider import ORCHESTRATOR, Decided
from processors.orchestrator.plans import WAYS, Way, Ways
from processors.orchestrator.runs import REMEMBERED, Run, Runs
from streams.events import sessions as s
from streams.ids import CapabilityId, ModelName, RunId
from streams.plain import form_of
from tests.given import fed, given
from tests.unit.processors import examples as e

FACTS = (e.adopted(),)
PLANNED = (e.started(), e.planned())
ACCEPTED = (e.started(), e.accepted())
ASKED = (e.started(), e.planned(), e.asked())


def test_a_request_starts_a_run() -> None:
    given(ORCHESTRATOR).when(e.received()).then(e.started())


@pytest.mark.parametrize(
    "history",
    [(e.started(),), ASKED, (*ASKED, e.responded()), (e.started(), e.run_failed("r", "d"))],
)
def test_a_request_received_again_changes_nothing(history: tuple[Any, ...]) -> None:
    given(ORCHESTRATOR, *history).when(e.received()).then()


def test_a_route_makes_the_plan_and_waits_for_the_context() -> None:
    given(ORCHESTRATOR, e.started(), facts=FACTS).when(e.routed()).then(e.planned())


def test_a_route_that_finds_the_context_there_asks_the_model() -> None:
    given(ORCHESTRATOR, *ACCEPTED, facts=FACTS).when(e.routed()).then(e.planned(), e.asked())


def test_a_second_route_changes_nothing() -> None:
    given(ORCHESTRATOR, *PLANNED, facts=FACTS).when(e.routed(capability="other")).then()
    given(ORCHESTRATOR, *ASKED, facts=FACTS).when(e.routed()).then()


def test_a_route_to_what_is_not_in_force_here_fails_the_run() -> None:
    detail = "other was chosen, but is not in force here"
    given(ORCHESTRATOR, e.started(), facts=FACTS).when(e.routed(capability="other")).then(
        e.run_failed("unknown_capability", detail)
    )


def test_context_that_comes_first_is_kept() -> None:
    given(ORCHESTRATOR, e.started()).when(e.recalled()).then(e.accepted())


def test_context_that_finds_the_plan_there_asks_the_model() -> None:
    given(ORCHESTRATOR, *PLANNED).when(e.recalled()).then(e.asked())


def test_a_model_is_asked_even_when_nothing_was_recalled() -> None:
    given(ORCHESTRATOR, *PLANNED).when(e.recalled(passages=())).then(e.asked(passages=()))


def test_context_that_comes_again_changes_nothing() -> None:
    given(ORCHESTRATOR, *ACCEPTED).when(e.recalled(passages=())).then()
    given(ORCHESTRATOR, *ASKED).when(e.recalled()).then()


def test_an_answer_completes_the_run() -> None:
    given(ORCHESTRATOR, *ASKED).when(e.inferred()).then(e.responded())


def test_an_answer_nobody_planned_for_changes_nothing() -> None:
    given(ORCHESTRATOR, e.started()).when(e.inferred()).then()


@pytest.mark.parametrize(
    ("input_", "reason", "detail"),
    [
        (e.refused(), "no_capability", "none"),
        (e.perception_failed(), "perception_failed", "the encoder is away"),
        (e.recall_failed(), "recall_failed", "the index is away"),
    ],
)
@pytest.mark.parametrize("history", [(e.started(),), PLANNED, ACCEPTED, ASKED])
def test_what_fails_on_the_way_fails_the_run(
    input_: Any, reason: str, detail: str, history: tuple[Any, ...]
) -> None:
    given(ORCHESTRATOR, *history).when(input_).then(e.run_failed(reason, detail))


ALL_BUT_REQUESTS = [
    e.routed(),
    e.refused(),
    e.perception_failed(),
    e.recalled(),
    e.recall_failed(),
    e.inferred(),
    e.inference_failed(),
]


def test_a_model_that_was_asked_and_fails_fails_the_run() -> None:
    failed = e.run_failed("model_away", "it is away")
    given(ORCHESTRATOR, *ASKED).when(e.inference_failed()).then(failed)


@pytest.mark.parametrize("outcome", [e.inferred(), e.inference_failed()], ids=["done", "failed"])
def test_nobody_answers_for_another_model(outcome: Any) -> None:
    forged = replace(outcome, model=ModelName("work/mallory"))
    given(ORCHESTRATOR, *ASKED).when(forged).then()
    given(ORCHESTRATOR, e.started()).when(outcome).then()


@pytest.mark.parametrize("late", ALL_BUT_REQUESTS, ids=lambda event: type(event).__name__)
def test_what_is_for_no_open_run_changes_nothing(late: Any) -> None:
    given(ORCHESTRATOR, facts=FACTS).when(late).then()
    given(ORCHESTRATOR, *ASKED, e.responded(), facts=FACTS).when(late).then()
    given(ORCHESTRATOR, e.started("other"), facts=FACTS).when(late).then()


# -- evolve


def test_every_event_leaves_the_state_that_the_next_step_needs() -> None:
    steps: list[Decided] = [*ACCEPTED, e.planned(), e.asked(), e.responded()]
    states = [ORCHESTRATOR.fold(steps[: n + 1]) for n in range(len(steps))]
    run = Run(e.RUN, e.started())
    assert states == [
        Runs((run,)),
        Runs((Run(e.RUN, e.started(), passages=e.PASSAGES),)),
        Runs((Run(e.RUN, e.started(), e.planned(), e.PASSAGES),)),
        Runs((Run(e.RUN, e.started(), e.planned(), asked=ModelName("extractive")),)),
        Runs((), (e.RUN,)),
    ]
    assert ORCHESTRATOR.fold([e.started(), e.run_failed("r", "d")]) == Runs((), (e.RUN,))


def test_runs_of_a_session_do_not_touch_each_other() -> None:
    state = ORCHESTRATOR.fold([e.started("a"), e.started("b"), e.planned("b"), e.responded("a")])
    assert state == Runs((Run(RunId("b"), e.started("b"), e.planned("b")),), (RunId("a"),))


def test_of_ended_runs_the_last_ones_are_remembered() -> None:
    ends = [e.run_failed("r", "d", str(n)) for n in range(REMEMBERED + 3)]
    assert ORCHESTRATOR.fold(ends).ended == tuple(str(n) for n in range(3, REMEMBERED + 3))


def test_a_way_in_force_is_replaced_by_a_newer_version_only() -> None:
    newer = e.adopted(version=2, model=ModelName("gpt"))
    way = Way(CapabilityId("answer"), 2, "single", ModelName("gpt"))
    for facts in ([e.adopted(), newer], [newer, e.adopted()], [newer, e.adopted(version=2)]):
        ways = WAYS.initial
        for fact in facts:
            ways = WAYS.evolve(ways, fact)
        assert ways == Ways((way,))


# -- properties

RUNS = st.sampled_from([str(n) for n in range(6)])
BUILDERS = (
    e.received,
    e.routed,
    e.refused,
    e.perception_failed,
    e.recalled,
    e.recall_failed,
    e.inferred,
    e.inference_failed,
)
INPUTS = st.lists(st.one_of(*(st.builds(build, RUNS) for build in BUILDERS)), max_size=60)


@forall(INPUTS)
def test_a_run_starts_once_asks_once_and_ends_at_most_once(inputs: list[Any]) -> None:
    state, decided = fed(ORCHESTRATOR, inputs, FACTS)
    seen = Counter((type(event), event.run_id) for event in decided)
    assert set(seen.values()) <= {1}
    ended = [x.run_id for x in decided if isinstance(x, s.ResponseCompleted | s.RunFailed)]
    assert len(ended) == len(set(ended))
    assert list(state.ended) == ended
    assert {run.run_id for run in state.open}.isdisjoint(ended)


@forall(INPUTS)
def test_what_comes_twice_is_what_came_once(inputs: list[Any]) -> None:
    twice = [event for event in inputs for _ in range(2)]
    assert fed(ORCHESTRATOR, twice, FACTS) == fed(ORCHESTRATOR, inputs, FACTS)


@forall(INPUTS)
def test_a_state_goes_into_a_snapshot_and_comes_back(inputs: list[Any]) -> None:
    state, _ = fed(ORCHESTRATOR, inputs, FACTS)
    form = form_of(Runs)
    assert form.load(form.dump(state)) == state


def test_a_session_of_many_runs_remembers_no_more_than_its_last() -> None:
    inputs = [x for n in range(500) for x in (e.received(str(n)), e.refused(str(n)))]
    state, decided = fed(ORCHESTRATOR, inputs)
    assert len(decided) == 1_000
    assert (state.open, len(state.ended)) == ((), REMEMBERED)
