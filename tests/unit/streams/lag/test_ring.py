"""The ring tells a record's age to within ten percent, however long ago it was appended."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.lag.ring import RING_MAX, Point, Ring, appended_ms, end_at, seen

EMPTY: Ring = ()


def ring_of(*points: tuple[int, int]) -> Ring:
    ring = EMPTY
    for end, at_ms in points:
        ring = seen(ring, end, at_ms)
    return ring


def test_with_fewer_than_two_points_nothing_is_known() -> None:
    assert appended_ms(EMPTY, 5) is None
    assert appended_ms(ring_of((10, 1_000)), 5) is None
    assert appended_ms(ring_of((10, 1_000), (10, 2_000)), 5) is None


def test_a_record_lies_between_the_points_around_it() -> None:
    ring = ring_of((10, 1_000), (20, 2_000), (40, 3_000))
    assert [appended_ms(ring, at) for at in (10, 15, 20, 30)] == [1_000, 1_500, 2_000, 2_500]


def test_a_record_that_is_not_there_has_no_age() -> None:
    assert appended_ms(ring_of((10, 1_000), (20, 2_000)), 20) is None


def test_an_idle_hour_does_not_show_as_an_hour_of_lag() -> None:
    hour = ring_of((10, 0), (100, 1_000), *((100, s * 1_000) for s in range(2, 3_601)))
    assert appended_ms(seen(hour, 101, 3_601_000), 100) == 3_600_000


def test_an_idle_hour_is_not_forgotten_when_the_ring_is_full() -> None:
    ring = ring_of((10, 0), (100, 1_000), (100, 3_600_000), (101, 3_601_000))
    for second in range(1_000):
        ring = seen(ring, 101 + 10 * second, 3_602_000 + second * 1_000)
    assert Point(100, 1_000, 3_600_000) in ring
    assert appended_ms(ring, 100) == 3_600_000


def test_an_end_that_went_back_starts_a_new_ring() -> None:
    assert seen(ring_of((10, 1_000), (20, 2_000)), 5, 3_000) == (Point(5, 3_000, 3_000),)


def test_what_is_older_than_the_ring_is_told_from_its_pace() -> None:
    assert appended_ms(ring_of((100, 10_000), (110, 11_000)), 50) == 5_000


def test_where_the_end_was_is_told_between_the_last_two_points() -> None:
    ring = ring_of((10, 1_000), (20, 2_000))
    assert [end_at(ring, at) for at in (500, 1_000, 1_500, 2_000, 9_000)] == [10, 10, 15, 20, 20]
    assert end_at(EMPTY, 1_000) is None
    assert end_at(ring_of((10, 1_000)), 500) is None


@pytest.mark.parametrize("seed", range(5))
def test_ages_are_right_to_a_tenth_over_hours_of_changing_traffic(seed: int) -> None:
    chance, ring, appended = random.Random(seed), EMPTY, list[int]()
    for second in range(4 * 3_600):
        if second % 300 == 0:
            rate = chance.choice((0, 1, 10, 40)) if second < 4 * 3_600 - 300 else 5
        appended += sorted(second * 1_000 + chance.randrange(1_000) for _ in range(rate))
        ring = seen(ring, len(appended), (second + 1) * 1_000)
        assert len(ring) <= RING_MAX
    now = 4 * 3_600_000
    for age_s in (2, 10, 60, 600, 3_600, 3 * 3_600):
        offset = next(o for o, at in enumerate(appended) if at >= now - age_s * 1_000)
        true_s = (now - appended[offset]) / 1_000
        told = appended_ms(ring, offset)
        assert told is not None
        assert (now - told) / 1_000 == pytest.approx(true_s, rel=0.1, abs=1.0)


@given(steps=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5_000)), max_size=300))
def test_a_ring_is_in_order_and_never_too_long(steps: list[tuple[int, int]]) -> None:
    ring, end, at_ms = EMPTY, 0, 0
    for more, later in steps:
        end, at_ms = end + more, at_ms + later
        ring = seen(ring, end, at_ms)
        assert len(ring) <= RING_MAX
    assert all(a.end < b.end and a.until_ms < b.since_ms for a, b in pairwise(ring))
    assert all(point.since_ms <= point.until_ms for point in ring)
    for offset in range(0, end, max(1, end // 20)):
        told = appended_ms(ring, offset)
        assert told is None or told <= at_ms
