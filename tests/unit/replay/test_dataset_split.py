"""What is tested was not taught, neither itself nor its session nor its question, nor is later."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.dataset.examples import Example
from replay.dataset.rows import Row, chat_row, pair_rows, run_row, split, unrepeated
from streams.events.sessions import Message
from streams.ids import EventId, RunId


def example(at_ms: int, question: str, answer: str, session: str = "", **other: Any) -> Example:
    made = Example(
        run_id=RunId(f"run-{at_ms}"), session=session or f"s{at_ms}", at_ms=at_ms,
        messages=(Message(role="user", content=question),), question=question,
        outcome="completed", answer=answer, capability="talk", model="gray", prompt_tokens=1,
        completion_tokens=1, milliseconds=at_ms, event_ids=(EventId(f"event-{at_ms}"),),
    )  # fmt: skip
    return made._replace(**other)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.integers(0, 9),
        st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3),
    ),
    max_size=30,
)


@given(drawn=ROWS, share=st.floats(0, 1))
def test_nothing_ties_the_sides_and_training_is_the_older_and_not_larger(
    drawn: Any, share: float
) -> None:
    rows = [Row(at - took, at, tuple(ties), n) for n, (at, took, ties) in enumerate(drawn)]
    train, test = split(rows, share)
    ties = [{tie for row in side for tie in row.ties} for side in (train, test)]
    assert ties[0] & ties[1] == set()
    assert len(train) == int(share * len(rows) + 1e-9)
    assert {row.plain for row in train}.isdisjoint(row.plain for row in test)
    latest = max((row.at_ms for row in train), default=-10)
    assert all(row.began_ms >= latest for row in test)
    left = [row for row in rows if row not in train and row not in test]
    assert all(ties[0] & {*row.ties} or row.began_ms < latest for row in left)
    for side in (train, test):
        assert [row.at_ms for row in side] == sorted(row.at_ms for row in side)


def test_older_rows_are_for_training_and_all_others_for_tests() -> None:
    rows = [chat_row(example(at, f"{at}?", "yes")) for at in range(10)]
    made = split(rows, 0.6)
    assert [[row.at_ms for row in side] for side in made] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]


@pytest.mark.parametrize("shape", [chat_row, run_row])
def test_a_question_is_on_one_side_however_it_was_answered(shape: Any) -> None:
    said = [(0, "X?", "[1]"), (1, "Y?", "y"), (2, "X ?", "[2]"), (3, "Z?", "z"), (4, "X?", "[3]")]
    made = split([shape(example(*each)) for each in said], 0.5)
    assert [[row.at_ms for row in side] for side in made] == [[0, 1], [2, 3]]


def test_what_a_long_session_says_after_the_cut_is_on_neither_side() -> None:
    long = [chat_row(example(at, f"{at}?", "yes", session="long")) for at in range(0, 100, 10)]
    short = [chat_row(example(at, f"{at}?", "yes")) for at in (5, 95)]
    made = split([*long, *short], 0.5)
    assert [row.at_ms for row in made.train] == [0, 5, 10, 20, 30, 40]
    assert [row.at_ms for row in made.test] == [95]
    assert [len(side) for side in split(long, 0.8)] == [8, 0]


def test_a_pair_across_the_cut_is_on_neither_side() -> None:
    runs = [
        example(0, "old?", "good", reward=1.0),
        example(9, "old?", "bad", reward=0.0),
        *(example(at, f"{at}?", "good", reward=1.0) for at in (1, 8)),
        *(example(at, f"{at}?", "bad", session=f"t{at}", reward=0.0) for at in (1, 8)),
    ]
    made = split(list(pair_rows(runs)), 0.5)
    assert [[row.at_ms for row in side] for side in made] == [[1], [8]]


def test_runs_that_teach_the_same_are_written_once_whoever_had_them() -> None:
    first = example(1, "X?", "x x")
    others = [
        example(2, "X?", "x  x"),
        example(3, "X?", "y"),
        example(4, "X?", "x x", reward=1.0),
        example(5, "X?", "x x", model="blue"),
    ]
    kept = unrepeated(map(run_row, [*reversed(others), first]))
    assert [row.at_ms for row in kept] == [1, 3, 4, 5]
