"""The two folds: which records are repeats, and what a decider knows after half a crash."""

from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from streams.decider import NO_GRID, Decider
from streams.envelope import Cause, Decision, Outcome
from streams.errors import Poison
from streams.ids import ProcessorName
from streams.ledger import Ledger, Marks
from streams.topics import Topic
from tests.given import cause

A, B = ProcessorName("a"), ProcessorName("b")


def decision(processor: ProcessorName, offset: int, step: int = 0, steps: int = 1) -> Decision:
    return Decision(processor, Cause(offset, step, steps))


# -- marks


def test_what_comes_from_outside_never_repeats() -> None:
    marks = Marks()
    assert [marks.repeats(None, "k") for _ in range(3)] == [False, False, False]


def test_a_decision_repeats_in_the_whole_partition_an_outcome_under_its_key() -> None:
    marks = Marks()
    assert not marks.repeats(decision(A, 5), "k")
    assert marks.repeats(decision(A, 5), "other")
    assert marks.repeats(decision(A, 4), "k")
    assert not marks.repeats(decision(B, 4), "k")
    assert not marks.repeats(Outcome(A, 5), "k")
    assert marks.repeats(Outcome(A, 5), "k")
    assert not marks.repeats(Outcome(A, 4), "other")


#: What a group of workers may append: each writes in order, from some input on, and may stop
#: anywhere; another begins again further back.
@st.composite
def appended(draw: Any) -> list[tuple[Any, str]]:
    steps = draw(st.lists(st.integers(1, 3), min_size=1, max_size=8))
    whole: list[tuple[Any, str]] = []
    for offset, count in enumerate(steps):
        key = "xy"[offset % 2]
        whole += [(decision(A, offset, step, count), key) for step in range(count)]
        whole.append((Outcome(B, offset), key))
    written: list[tuple[Any, str]] = []
    reached = 0
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, reached))
        end = draw(st.integers(start, len(whole)))
        written += whole[start:end]
        reached = max(reached, end)
    return written


@forall(appended())
def test_marks_drop_what_a_set_of_ids_would_drop(written: list[tuple[Any, str]]) -> None:
    marks, seen = Marks(), set[Any]()
    for origin, key in written:
        assert marks.repeats(origin, key) == (origin in seen)
        seen.add(origin)


@forall(appended(), st.data())
def test_marks_go_into_a_snapshot_and_come_back(written: list[Any], data: Any) -> None:
    cut = data.draw(st.integers(0, len(written)))
    whole, marks = Marks(), Marks()
    for origin, key in written[:cut]:
        whole.repeats(origin, key)
        marks.repeats(origin, key)
    marks = Marks(marks.plain())
    for origin, key in written[cut:]:
        assert marks.repeats(origin, key) == whole.repeats(origin, key)


def test_outcomes_are_told_apart_for_the_keys_read_last() -> None:
    marks = Marks(keys_max=2)
    for key in ("a", "b", "a", "c"):  # b was read longest ago
        marks.repeats(Outcome(A, 1), key)
    assert marks.plain() == [(A, "a", 1, 0), (A, "c", 1, 0)]
    assert not marks.repeats(Outcome(A, 1), "b")


# -- ledger


def decide(state: int, envelope: Any, _: None) -> tuple[int, ...]:
    if envelope.event < 0:
        raise Poison("below zero")
    return tuple(range(state, state + envelope.event))


SUM: Decider[int, int, int, None] = Decider(
    name=A,
    version=1,
    topic=Topic(name="t", key="k"),
    reads=(int,),
    writes=(int,),
    initial=0,
    decide=decide,
    evolve=lambda state, event: state + event + 1,
    grid=NO_GRID,
    keys_max=3,
)


def test_a_decision_counts_when_all_of_it_was_read() -> None:
    ledger = Ledger(SUM)
    assert ledger.recall("k", Cause(4, 0, 2), 10)
    assert (ledger.states, ledger.mark) == ({}, -1)
    assert ledger.recall("k", Cause(4, 1, 2), 20)
    assert (ledger.states, ledger.mark) == ({"k": 32}, 4)


def test_half_a_decision_is_decided_again() -> None:
    ledger = Ledger(SUM)
    ledger.recall("k", Cause(4, 0, 2), 10)
    assert ledger.decide(cause(2, offset=4), None) == (0, 1)
    assert ledger.mark == 4


def test_a_decision_written_half_and_then_whole_counts_once() -> None:
    ledger = Ledger(SUM)
    steps = [0, 1, 0, 1, 2, 0, 1, 2]
    read = [ledger.recall("k", Cause(4, step, 3), step) for step in steps]
    assert read == [True, True, False, False, True, False, False, False]
    assert (ledger.states, ledger.mark) == ({"k": 6}, 4)


def test_a_step_without_the_ones_before_it_is_passed_over() -> None:
    ledger = Ledger(SUM)
    assert not ledger.recall("k", Cause(4, 1, 2), 1)
    assert ledger.recall("k", Cause(5, 0, 1), 1)
    assert (ledger.states, ledger.mark) == ({"k": 2}, 5)


def test_a_decided_input_is_not_decided_again() -> None:
    ledger = Ledger(SUM)
    assert ledger.decide(cause(1, offset=3), None) == (0,)
    assert ledger.decide(cause(1, offset=3), None) is None
    assert ledger.decide(cause(1, offset=2), None) is None
    assert ledger.decide(cause(1, offset=4), None) == (1,)


def test_an_input_that_decides_nothing_leaves_no_mark() -> None:
    ledger = Ledger(SUM)
    assert ledger.decide(cause(0, offset=3), None) == ()
    assert (ledger.mark, ledger.states) == (-1, {})


def test_poison_leaves_the_ledger_as_it_was() -> None:
    ledger = Ledger(SUM, 2, [("k", 5)])
    with pytest.raises(Poison):
        ledger.decide(cause(-1, offset=3), None)
    assert (ledger.mark, ledger.states) == (2, {"k": 5})


def test_a_partition_remembers_the_keys_decided_last() -> None:
    ledger = Ledger(SUM)
    for offset, key in enumerate("abcad"):
        ledger.decide(cause(1, key, offset), None)
    assert list(ledger.states) == ["c", "a", "d"]


def test_a_state_that_is_initial_again_leaves() -> None:
    ledger = Ledger(SUM, -1, [("k", 5)])
    ledger.keep("k", 1, [-6])
    assert ledger.states == {}


@forall(st.lists(st.integers(0, 3), max_size=10), st.data())
def test_a_ledger_recalled_from_the_log_is_the_one_that_decided(inputs: Any, data: Any) -> None:
    live, written = Ledger(SUM), list[tuple[str, Cause, Any]]()
    for offset, body in enumerate(inputs):
        key = "xy"[offset % 2]
        events = live.decide(cause(body, key, offset), None) or ()
        steps = len(events)
        written += [(key, Cause(offset, n, steps), event) for n, event in enumerate(events)]
    again = data.draw(st.integers(0, len(written)))  # a frozen worker writes its part again
    recalled = Ledger(SUM)
    for key, at, event in [*written, *written[again:]]:
        recalled.recall(key, at, event)
    assert (recalled.states, recalled.mark) == (live.states, live.mark)
