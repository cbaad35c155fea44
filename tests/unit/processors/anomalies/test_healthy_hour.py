"""In a healthy hour nothing is called unusual, and what is wrong in it is still found."""

from collections.abc import Iterable, Iterator
from copy import deepcopy as copy
from dataclasses import replace
from functools import cache

import pytest

from processors.anomalies.decider import ANOMALIES, Anomalies
from processors.anomalies.watched import NO_SERIES, Sampled, Series, learn
from streams.events.series import AnomalyDetected, Point, SeriesSampled
from tests.given import cause
from tests.unit.processors.anomalies.healthy import DAY_S, START_MS, Traffic

HOUR_S = 3_600
TROUBLE_S = DAY_S + 1_800


class Watching:
    """The detectors over all that is sampled."""

    def __init__(self) -> None:
        self._series: Series = NO_SERIES
        self._states: dict[str, Anomalies] = {}
        self._at = 0

    def told(self, samples: Iterable[Sampled]) -> list[AnomalyDetected]:
        """Return the anomalies in samples."""
        found = []
        for sample in samples:
            self._at += 1
            self._series = learn(self._series, sample)
            key = "meter" if isinstance(sample, SeriesSampled) else sample.group
            state = self._states.get(key, Anomalies())
            decided = ANOMALIES.decide(state, cause(sample, offset=self._at), self._series)
            self._states[key] = ANOMALIES.fold(decided, state)
            found += [event for event in decided if isinstance(event, AnomalyDetected)]
        return found


@cache
def after_a_day(seed: int) -> Watching:
    """Return detectors that know a day of traffic; to be copied, not fed."""
    watching = Watching()
    watching.told(Traffic(seed).seconds(0, DAY_S))
    return watching


def hour(seed: int) -> Iterator[Sampled]:
    return Traffic(seed + 100).seconds(DAY_S, DAY_S + HOUR_S)


@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_of_healthy_traffic_after_a_day_of_it_raises_no_false_alarm(seed: int) -> None:
    assert copy(after_a_day(seed)).told(hour(seed)) == []


def test_what_is_wrong_in_a_busy_hour_is_found_within_five_minutes() -> None:
    found = copy(after_a_day(1)).told(_wrong(hour(1)))
    first: dict[str, int] = {}
    for event in found:
        first.setdefault(event.series, (event.at_ms - START_MS) // 1_000 - TROUBLE_S)
    assert set(first) == {"latency_ms/answer", "routing_confidence", "failed_share"}
    assert all(0 <= second <= 300 for second in first.values()), first


def _wrong(samples: Iterable[Sampled]) -> Iterator[Sampled]:
    """Yield samples that are wrong from half past on: slow, unsure, and many fail."""
    factors = {"latency_ms/answer": 8.0, "routing_confidence": 0.4, "failed_share": 12.0}
    for sample in samples:
        if isinstance(sample, SeriesSampled) and sample.at_ms >= START_MS + TROUBLE_S * 1_000:
            points = [
                Point(series=p.series, value=p.value * factors.get(p.series, 1.0))
                for p in sample.points
            ]
            sample = replace(sample, points=tuple(points))
        yield sample
