"""What is said of rewards under a change is what people's words settle, and no more."""

import random
from collections.abc import Iterator

import pytest

from replay.diff import Side
from replay.earnings import Earnings, earnings, sentence
from replay.figures import Row, Told
from streams.ids import RunId

SIDE = Side("completed", "", 0, ())
RIGHT, WRONG = Told(1.0, "gray"), Told(0.0, None)
BELONGS_TO_GREEN = Told(0.0, "green")


def row(told: Told, after: str = "gray", propensity: float = 1.0, before: str = "gray") -> Row:
    return Row(
        run_id=RunId("run"),
        question="",
        before=before,
        after=after,
        propensity=propensity,
        recorded=SIDE,
        forked=SIDE,
        covered=True,
        routed=True,
        told=told,
    )


def earned(*rows: Row) -> Earnings:
    found = earnings(rows)
    assert found is not None
    return found


def test_who_should_have_answered_says_what_any_answer_would_have_earned() -> None:
    made = earned(*[row(RIGHT)] * 90, *[row(BELONGS_TO_GREEN, after="blue")] * 10)
    assert (made.logged.value, made.changed.value, made.unknown) == (0.9, 0.9, 0)
    assert made.weighted is None
    assert sentence(made) == (
        "reward 0.900 as logged, 0.900 under the change, by what people said of 100 judged runs"
    )


@pytest.mark.parametrize(("told", "reward"), [(RIGHT, 0.0), (Told(0.0, "blue"), 1.0)])
def test_a_run_that_goes_to_another_earns_what_was_said_of_that(told: Told, reward: float) -> None:
    assert earned(row(told, after="blue")).changed.value == reward


def test_a_run_of_which_nobody_is_right_is_earned_by_nobody() -> None:
    nobody = Told(0.0, "")
    assert earned(row(nobody, after="")).changed.value == 1.0
    assert earned(row(nobody, after="blue")).changed.value == 0.0
    assert earned(row(Told(0.0, "gray"), propensity=0.0, before="")).changed.value == 1.0


def test_a_run_whose_right_answer_nobody_said_is_not_known() -> None:
    made = earned(*[row(RIGHT)] * 90, *[row(WRONG, after="blue")] * 10)
    assert (made.changed.worst, made.changed.best, made.changed.value) == (0.9, 1.0, None)
    assert made.changed.low < 0.9
    assert made.changed.high == 1.0
    assert sentence(made) == (
        "reward 0.900 as logged, 0.900 to 1.000 under the change:"
        " nobody said who should have answered 10 of 100 judged runs"
    )


def test_nothing_is_claimed_where_nothing_is_known() -> None:
    assert earnings([]) is None
    assert earnings([row(Told(None, None))]) is None
    assert earnings([row(RIGHT)._replace(routed=False)]) is None
    assert sentence(None).startswith("reward not known: nobody said")
    made = earned(row(WRONG, after="blue"), row(WRONG, after="blue"))
    assert made.changed[1:] == (0, 0.0, 1.0, 0.0, 1.0)
    assert sentence(made) == (
        "reward 0.000 as logged, not known under the change:"
        " nobody said who should have answered 2 of 2 judged runs"
    )


@pytest.mark.parametrize("runs", [1, 2])
def test_one_or_two_judged_runs_say_little(runs: int) -> None:
    made = earned(*[row(RIGHT)] * runs)
    assert (made.changed.value, made.changed.high) == (1.0, 1.0)
    assert made.changed.low < 0.2
    assert sentence(made).endswith(f"of {runs} judged run{'s' * (runs - 1)}")


def test_only_runs_that_might_have_gone_there_are_weighed() -> None:
    chance = [row(RIGHT, propensity=0.5), row(RIGHT, "blue", propensity=0.5)]
    never, refused = row(WRONG, after="blue"), row(BELONGS_TO_GREEN, propensity=0.0, before="")
    made = earned(*chance, row(RIGHT), never, refused)
    assert made.weighted is not None
    assert made.weighted.runs == 3
    assert earned(chance[1]).weighted is None
    assert earned(row(RIGHT), row(WRONG)).weighted is None


def worlds(runs: int, exploring: float) -> Iterator[Earnings]:
    """Judged runs of a router that sometimes tries the other; all go to gray under the change."""
    for seed in range(400):
        chance = random.Random(seed)
        rows = []
        for _ in range(runs):
            right = chance.choices(["gray", "blue", "green"], [0.6, 0.3, 0.1])[0]
            usual = right if chance.random() < 0.5 else chance.choice(["gray", "blue"])
            usual = "gray" if usual == "green" else usual
            other = {"gray": "blue", "blue": "gray"}[usual]
            before, propensity = usual, 1 - exploring
            if chance.random() < exploring:
                before, propensity = other, exploring
            said = before == right or chance.random() < 0.5
            told = Told(float(before == right), right if said else None)
            rows.append(row(told, "gray", propensity, before))
        found = earnings(rows)
        assert found is not None
        yield found


TRUTH = 0.6


@pytest.mark.parametrize("exploring", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("runs", [1, 2, 20, 200])
def test_what_is_known_holds_the_truth(runs: int, exploring: float) -> None:
    held = [m.changed.low <= TRUTH <= m.changed.high for m in worlds(runs, exploring)]
    assert sum(held) / len(held) >= 0.95


@pytest.mark.parametrize("exploring", [0.2, 0.5])
@pytest.mark.parametrize("runs", [2, 20, 200])
def test_what_is_weighed_holds_the_truth(runs: int, exploring: float) -> None:
    weighed = [m.weighted for m in worlds(runs, exploring) if m.weighted is not None]
    for name in ("snips", "doubly_robust"):
        held = [getattr(w, name).low <= TRUTH <= getattr(w, name).high for w in weighed]
        assert sum(held) / len(held) >= 0.95


def test_a_router_that_leaves_nothing_to_chance_is_not_weighed() -> None:
    assert all(made.weighted is None for made in worlds(20, 0.0))
