"""Whether a number is unusual in its series."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from processors.anomalies.detector import (
    FADE_EVERY,
    NOTHING,
    QUIET_POINTS,
    THRESHOLD,
    WARMUP,
    Detector,
    Judgement,
    judge,
)
from processors.anomalies.records import Extremes, relaxed, surprise
from streams.plain import form_of

EVERY_S = 300.0
Points = Sequence[tuple[float, float]]


def points(values: Iterable[float]) -> list[tuple[float, float]]:
    return [(EVERY_S * at, value) for at, value in enumerate(values)]


def judged(given: Points, known: Detector | None = None) -> tuple[Detector, list[Judgement]]:
    known, found = known or Detector(), list[Judgement]()
    for at_s, value in given:
        known, judgement = judge(known, at_s, value)
        found.append(judgement)
    return known, found


def wave(count: int) -> list[float]:
    """Return a day's rhythm with a little of something that never repeats."""
    return [math.sin(at * math.tau / 288) + 0.05 * math.sin(at * at) for at in range(count)]


def alarms(found: Sequence[Judgement]) -> list[int]:
    """Return where an alarm was given once the series was known for two days."""
    return [at for at, said in enumerate(found) if at > 2 * 288 and said.alarm >= THRESHOLD]


def test_a_rhythm_is_as_usual_and_a_spike_in_it_is_not() -> None:
    values = wave(3000)
    assert alarms(judged(points(values))[1]) == []
    values[2000] += 3
    _, found = judged(points(values))
    assert alarms(found) == [2000]
    assert found[2000].observed > found[2000].high > found[2000].low


def test_a_value_that_is_usual_at_another_hour_is_not_at_this_one() -> None:
    values = [float(at % 288 < 144) + 0.01 * math.sin(at * at) for at in range(288 * 21)]
    usual, at = alarms(judged(points(values))[1]), 288 * 16 + 10
    values[at : at + 30] = [0.0] * 30
    _, found = judged(points(values))
    told = [place for place in alarms(found) if place not in usual]
    assert at <= told[0] < at + 30
    assert found[told[0]].statistic.startswith("hour")


def test_an_alarm_is_told_by_the_statistic_that_surprises_most() -> None:
    noise = [math.sin(at * at) for at in range(2000)]
    _, found = judged(points([*noise, 9.0]))
    assert found[-1][2:] == ("value", 9.0, min(noise), max(noise))
    _, found = judged(points(noise + [0.1] * 100))
    told = [(at > 2000, found[at].statistic) for at in alarms(found)]
    assert set(told) == {(True, "spread")}


def test_the_same_anomaly_again_is_no_alarm_until_a_while_later() -> None:
    values = wave(3000)
    values[2000] = values[2001] = 5.0
    values[2002] = 50.0
    _, found = judged(points(values))
    assert found[2001].alarm == 0.0
    assert found[2002].alarm == found[2002].score > 0
    known, _ = judged(points(values[:2003]))
    assert known.since_peak == 0
    fresh = replace(known, peak=1e9, since_peak=QUIET_POINTS - 1)
    assert judge(fresh, 0.0, 5e6)[1].alarm == 0.0
    assert judge(replace(fresh, since_peak=QUIET_POINTS), 0.0, 5e6)[1].alarm > 0.0


def test_nothing_is_said_of_a_series_that_is_hardly_known() -> None:
    _, found = judged(points([10.0**at for at in range(WARMUP)]))
    assert found == [NOTHING] * WARMUP


def test_a_constant_says_nothing_until_it_changes() -> None:
    for constant in (0.0, 0.1, -1e9):
        _, found = judged(points([constant] * 500 + [constant + 1]))
        assert found[:-1] == [NOTHING] * 500
        assert found[-1].score > THRESHOLD


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_changes_nothing(value: float) -> None:
    known, _ = judged(points(wave(100)))
    assert judge(known, 1.0, value) == (known, NOTHING)
    assert judge(known, value, 1.0) == (known, NOTHING)


ANY = st.lists(
    st.tuples(
        st.floats(-1e12, 1e12),
        st.one_of(st.floats(), st.sampled_from([0.0, 1e308, -1e308, 5e-324])),
    ),
    max_size=120,
)


@forall(given=ANY, cut=st.integers(0, 120))
def test_any_points_are_judged_alike_in_any_batches_and_after_a_restart(
    given: Points, cut: int
) -> None:
    known, found = judged(given)
    form = form_of(Detector)
    before, first = judged(given[:cut])
    after, second = judged(given[cut:], form.load(form.dump(before)))
    assert (after, first + second) == (known, found)
    assert all(math.isfinite(judgement.score) for judgement in found)


def test_a_record_surprises_less_the_more_went_as_far() -> None:
    extremes = Extremes(0.0, 1.0)
    first, extremes = surprise(extremes, 2.0, 999)
    again, extremes = surprise(extremes, 4.0, 999)
    less, extremes = surprise(extremes, 4.2, 999)
    assert first == pytest.approx(math.log(1000))
    assert again == pytest.approx(math.log(500))
    assert less == pytest.approx(math.log(1000 / 3))
    assert surprise(extremes, -9.0, 0)[0] == 0.0


def test_a_hairs_breadth_beyond_widens_the_range_and_is_no_record() -> None:
    score, extremes = surprise(Extremes(0.0, 1.0), 1.001, 999)
    assert (score, extremes) == (0.0, Extremes(0.0, 1.001))


def test_old_extremes_fade() -> None:
    faded = relaxed(Extremes(0.0, 8.0, (0, 8, 1)), 0.25)
    assert faded == Extremes(1.0, 7.0, (0, 6, 0))
    known = Detector(seen=FADE_EVERY - 1, extremes=(Extremes(0.0, 8.0),) * 4)
    assert judge(known, 0.0, 1.0)[0].extremes[0] == Extremes(1.0, 7.0)


def test_a_point_takes_well_under_the_time_allowed() -> None:
    given = points(wave(5000))
    began = time.process_time()
    judged(given)
    assert (time.process_time() - began) / len(given) < 50e-6
