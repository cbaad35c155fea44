"""Who answers a request: by name at once, by meaning when it is perceived, and only once."""

import math
from typing import Any

from hypothesis import given as forall
from hypothesis import strategies as st

from processors.router.decider import REMEMBERED, ROUTER, Routing
from processors.router.table import TABLE, Table
from streams.events import sessions as s
from streams.ids import CapabilityId, ModelName, RunId
from streams.plain import form_of
from tests.given import fed, given
from tests.unit.processors.examples import (
    RUN,
    adopted,
    perceived,
    received,
    refused,
    routed,
    vector,
)

FACTS = (
    adopted("answer", vector(1, 0)),
    adopted("translate", vector(0, 1), model=ModelName("gpt")),
)


def table(*facts: s.CapabilityAdopted) -> Table:
    known = TABLE.initial
    for fact in facts:
        known = TABLE.evolve(known, fact)
    return known


def named(capability: str, name: str) -> s.RequestRouted:
    version = table(*FACTS).version
    return routed(
        capability=capability,
        router_version=version,
        reason=f"its client asked for {name!r} by name",
    )


def test_a_request_for_a_capability_is_routed_to_it_at_once() -> None:
    asked = received(model=ModelName("translate"))
    given(ROUTER, facts=FACTS).when(asked).then(named("translate", "translate"))


def test_a_request_for_a_model_goes_to_the_capability_that_speaks_by_it() -> None:
    given(ROUTER, facts=FACTS).when(received(model=ModelName("gpt"))).then(
        named("translate", "gpt")
    )


def test_a_request_for_what_nobody_is_called_is_refused() -> None:
    detail = "nothing here is called 'x'; known are aether, answer, translate"
    given(ROUTER, facts=FACTS).when(received(model=ModelName("x"))).then(
        s.RequestRefused(run_id=RUN, reason="model_not_found", detail=detail)
    )


def test_a_request_without_a_name_waits_for_its_meaning() -> None:
    given(ROUTER, facts=FACTS).when(received()).then()


def test_a_perceived_request_goes_to_the_nearest_capability() -> None:
    near = vector(0.6, 0.8)
    given(ROUTER, facts=FACTS).when(perceived(at=near)).then(
        s.RequestRouted(
            run_id=RUN,
            capability=CapabilityId("translate"),
            confidence=0.8,
            runner_up=CapabilityId("answer"),
            margin=0.2,
            propensity=1.0,
            router_version=table(*FACTS).version,
            candidates=(
                s.Candidate(capability=CapabilityId("translate"), score=0.8),
                s.Candidate(capability=CapabilityId("answer"), score=0.6),
            ),
            reason="nearest to translate (cosine 0.80), then answer (0.60)",
        )
    )


def test_equally_near_capabilities_are_taken_by_name() -> None:
    facts = (adopted("b"), adopted("a"))
    (decided,) = given(ROUTER, facts=facts).when(perceived()).decided
    assert (decided.capability, decided.runner_up, decided.margin) == ("a", "b", 0.0)


def test_the_only_capability_takes_even_what_is_far_from_it() -> None:
    (decided,) = given(ROUTER, facts=[adopted()]).when(perceived(at=vector(-1, 0))).decided
    assert (decided.capability, decided.confidence, decided.margin) == ("answer", 0.0, 1.0)
    assert decided.reason == "answer is the only capability"


def test_a_vector_of_another_encoder_is_compared_with_nothing() -> None:
    detail = "no capability is known by the encoder other"
    given(ROUTER, facts=FACTS).when(perceived(encoder="other")).then(
        s.RequestRefused(run_id=RUN, reason="no_capability", detail=detail)
    )


def test_without_any_capability_a_request_is_refused() -> None:
    (decided,) = given(ROUTER).when(perceived()).decided
    assert decided.reason == "no_capability"


def test_a_routed_request_is_routed_no_more() -> None:
    world = given(ROUTER, routed(), facts=FACTS)
    world.when(perceived()).then()
    world.when(received(model=ModelName("gpt"))).then()


def test_a_refused_request_is_considered_no_more() -> None:
    given(ROUTER, refused(), facts=FACTS).when(perceived()).then()


def test_routed_and_refused_are_remembered_alike_and_the_oldest_leaves() -> None:
    assert ROUTER.fold([routed("a"), refused("b")]) == Routing((RunId("a"), RunId("b")))
    many = ROUTER.fold(routed(str(n)) for n in range(REMEMBERED + 1))
    assert many.done == tuple(RunId(str(n)) for n in range(1, REMEMBERED + 1))


# -- the table


def test_a_newer_version_replaces_and_an_older_changes_nothing() -> None:
    newer = adopted(at=vector(0, 1), version=2)
    assert table(adopted(), newer) == table(newer)
    assert table(newer, adopted()) == table(newer)
    assert table(newer, adopted(at=vector(1, 0), version=2)) == table(newer)


def test_a_capability_is_the_mean_of_what_it_says_of_itself() -> None:
    (entry,) = table(adopted(vectors=(vector(1, 0), vector(0, 1)))).entries
    assert entry.centroid == vector(math.sqrt(0.5), math.sqrt(0.5))


def test_opposite_examples_have_a_mean_without_direction_and_divide_by_nothing() -> None:
    (entry,) = table(adopted(vectors=(vector(1, 0), vector(-1, 0)))).entries
    assert entry.centroid == vector(0, 0)


@forall(st.permutations((*FACTS, adopted("c", vector(0.6, 0.8)))))
def test_a_table_and_its_version_do_not_depend_on_who_came_first(facts: Any) -> None:
    assert table(*facts) == table(*FACTS, adopted("c", vector(0.6, 0.8)))


def test_a_tables_version_changes_with_what_it_holds() -> None:
    versions = {
        table().version,
        table(adopted()).version,
        table(adopted(version=2)).version,
        table(adopted("other")).version,
        table(adopted(at=vector(0, 1))).version,
        table(adopted(encoder="other")).version,
    }
    assert len(versions) == 6


# -- properties

RUNS = st.sampled_from([str(n) for n in range(REMEMBERED)])
INPUTS = st.lists(
    st.one_of(
        st.builds(perceived, RUNS, st.sampled_from([vector(1, 0), vector(0, 1)])),
        st.builds(received, RUNS),
        st.builds(lambda run: received(run, model=ModelName("answer")), RUNS),
        st.builds(lambda run: received(run, model=ModelName("nobody")), RUNS),
    )
)


@forall(INPUTS)
def test_a_request_is_routed_or_refused_once_however_its_inputs_come(inputs: list[Any]) -> None:
    state, decided = fed(ROUTER, inputs, FACTS)
    runs = [event.run_id for event in decided]
    assert len(runs) == len(set(runs))
    assert set(state.done) == set(runs)
    form = form_of(Routing)
    assert form.load(form.dump(state)) == state
