"""Estimates are right on average, and their intervals hold the truth as often as they say."""

import random

import pytest

from replay.offpolicy import Estimates, Logged, estimate

REWARDS = {"a": 0.2, "b": 0.5, "c": 0.8}
LOGGED = {"a": 0.6, "b": 0.3, "c": 0.1}
TARGET = {"a": 0.1, "b": 0.3, "c": 0.6}
TRUTH = sum(TARGET[x] * REWARDS[x] for x in REWARDS)


def logged(seed: int, count: int, model: float = 0.0) -> list[Logged]:
    """Runs of a policy over three actions that succeed with known probabilities."""
    chance = random.Random(seed)
    expected = sum(TARGET[x] * (REWARDS[x] + model) for x in REWARDS)
    runs = []
    for _ in range(count):
        action = chance.choices(list(LOGGED), list(LOGGED.values()))[0]
        reward = float(chance.random() < REWARDS[action])
        runs.append(
            Logged(LOGGED[action], TARGET[action], reward, REWARDS[action] + model, expected)
        )
    return runs


def made(seed: int, count: int = 400, model: float = 0.0) -> Estimates:
    found = estimate(logged(seed, count, model))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["ips", "snips", "doubly_robust"])
def test_an_estimate_is_right_on_average(name: str) -> None:
    values = [getattr(made(seed), name).value for seed in range(300)]
    assert abs(sum(values) / len(values) - TRUTH) < 0.015


@pytest.mark.parametrize("name", ["snips", "doubly_robust"])
@pytest.mark.parametrize("count", [2, 5, 20, 100, 400])
def test_an_interval_holds_the_truth_as_often_as_it_says(name: str, count: int) -> None:
    found = [estimate(logged(seed, count)) for seed in range(300)]
    ones = [getattr(each, name) for each in found if each is not None]
    assert sum(one.low <= TRUTH <= one.high for one in ones) / len(ones) >= 0.95


def test_that_of_plain_weighing_does_so_where_runs_are_many() -> None:
    ones = [made(seed).ips for seed in range(300)]
    assert sum(one.low <= TRUTH <= one.high for one in ones) / len(ones) >= 0.93


def test_a_wrong_model_leaves_doubly_robust_right() -> None:
    values = [made(seed, model=0.3).doubly_robust.value for seed in range(300)]
    assert abs(sum(values) / len(values) - TRUTH) < 0.02


def test_a_good_model_narrows_the_interval() -> None:
    one = made(1)
    assert one.doubly_robust.high - one.doubly_robust.low < one.ips.high - one.ips.low


def test_the_same_policy_earns_what_was_earned() -> None:
    runs = [Logged(0.5, 0.5, reward, reward, reward) for reward in (0.0, 1.0, 1.0, 0.0)]
    found = estimate(runs)
    assert found is not None
    assert found.effective == 4
    assert found.ips == found.snips == found.logged
    assert found.ips.value == 0.5


def test_a_policy_that_never_did_the_same_is_not_estimated() -> None:
    assert estimate([Logged(0.5, 0.0, 1.0), Logged(0.5, 0.0, 0.0)]) is None


def test_one_run_says_nothing_for_certain() -> None:
    found = estimate([Logged(1.0, 1.0, 1.0)])
    assert found is not None
    for one in (found.ips, found.snips, found.doubly_robust):
        assert one.high - one.low > 0.97


def test_an_interval_stays_among_rewards_and_holds_its_value() -> None:
    for seed in range(50):
        found = estimate(logged(seed, 5))
        for one in (found.ips, found.snips, found.doubly_robust) if found else ():
            assert min(0.0, one.value) <= one.low <= one.value <= one.high <= max(1.0, one.value)


def test_no_runs_no_estimate() -> None:
    assert estimate([]) is None


@pytest.mark.parametrize("propensity", [0.0, -0.1, 1.1])
def test_an_impossible_propensity_is_refused(propensity: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        estimate([Logged(propensity, 1.0, 1.0)])
