"""The gate is McNemar's exact test."""

import pytest

from processors.tuner.gate import chance, passes


@pytest.mark.parametrize(
    ("better", "worse", "expected"),
    [(0, 0, 1.0), (1, 0, 0.5), (5, 5, 0.623046875), (7, 0, 1 / 128), (12, 2, 106 / 2**14)],
)
def test_the_chance_is_the_binomials_upper_tail(better: int, worse: int, expected: float) -> None:
    assert chance(better, worse) == expected


@pytest.mark.parametrize(
    ("better", "worse", "enough"),
    [(0, 0, False), (6, 0, False), (7, 0, True), (10, 10, False), (2, 12, False), (60, 30, True)],
)
def test_only_a_clear_gain_passes(better: int, worse: int, enough: bool) -> None:
    assert passes(better, worse) is enough


def test_a_long_history_is_counted_exactly() -> None:
    assert chance(5_000, 5_000) == pytest.approx(0.5039, abs=1e-3)
