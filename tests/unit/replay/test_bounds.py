"""Bounds hold what is not known, and their intervals the truth at least as often as they say."""

import math
import random

import pytest

from replay.bounds import bounds, certain


def test_what_is_known_of_all_is_a_value() -> None:
    found = bounds([1.0, 0.0, 1.0, 1.0])
    assert (found.runs, found.known, found.value) == (4, 4, 0.75)
    assert found.worst == found.best == 0.75
    assert found.low < 0.75 < found.high


def test_what_is_unknown_counts_as_nothing_and_as_one() -> None:
    found = bounds([1.0, 1.0, None, 0.0])
    assert (found.worst, found.best, found.value) == (0.5, 0.75, None)
    assert found.low == certain(0.5, 4)[0]
    assert found.high == certain(0.75, 4)[1]


def test_of_unknown_runs_nothing_is_known() -> None:
    assert bounds([None, None])[2:] == (0.0, 1.0, 0.0, 1.0)


@pytest.mark.parametrize("runs", [1, 2, 5, 30, 100])
def test_an_interval_holds_the_truth_at_any_number_of_runs(runs: int) -> None:
    """Of all that may be seen; nothing is drawn."""
    for percent in range(101):
        truth = percent / 100
        held = 0.0
        for right in range(runs + 1):
            low, high = certain(right / runs, runs)
            chance = truth**right * (1 - truth) ** (runs - right)
            held += (low <= truth <= high) * math.comb(runs, right) * chance
        assert held >= 0.95, truth


@pytest.mark.parametrize("runs", [2, 20, 200])
def test_an_interval_holds_the_truth_however_runs_are_hidden(runs: int) -> None:
    for hide in (0.0, 1.0):  # only the wrong ones, only the right ones
        held = 0
        for seed in range(400):
            chance = random.Random(seed)
            rewards = [float(chance.random() < 0.7) for _ in range(runs)]
            found = bounds([None if r == hide and chance.random() < 0.5 else r for r in rewards])
            held += found.low <= 0.7 <= found.high
        assert held / 400 >= 0.95


def test_more_runs_say_more() -> None:
    widths = [high - low for low, high in (certain(0.9, runs) for runs in (1, 10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)
    assert certain(1.0, 0) == certain(0.0, 0) == (0.0, 1.0)
