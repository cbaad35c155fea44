"""The grid says once that a series is unusual, with evidence, and once that it is usual again."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from processors.anomalies.decider import ANOMALIES, CALM_POINTS, Anomalies, Open
from processors.anomalies.detector import THRESHOLD
from processors.anomalies.watched import (
    FORGOTTEN_MS,
    LASTS,
    METER_KNOWN_AFTER,
    NO_SERIES,
    SERIES_MAX,
    WITH_GROUPS_MAX,
    Sampled,
    Series,
    learn,
)
from streams.events.lag import LagSampled, PartitionSample
from streams.events.series import (
    AnomalyCleared,
    AnomalyDetected,
    Point,
    SeriesSampled,
    Unusual,
)
from streams.plain import form_of
from tests.examples import EVENTS
from tests.given import cause

START_MS, EVERY_MS = 1_700_000_000_000, 10_000
LATENCY = "latency_ms/answer"


def sample(at: int, counts: Any = (), **points: float) -> SeriesSampled:
    """Return the sample at a place; `l` is short for the latency."""
    return SeriesSampled(
        at_ms=START_MS + at * EVERY_MS,
        span_ms=EVERY_MS,
        points=tuple(Point(series=LATENCY, value=value) for value in points.values()),
        counts=tuple(Point(series=name, value=value) for name, value in counts),
    )


def decided(
    samples: Sequence[Sampled], state: Anomalies | None = None, series: Series | None = None
) -> tuple[list[Any], Anomalies, Series]:
    """Return what is decided of samples, as the runner lets it, and what is known then."""
    state, series, events = state or Anomalies(), series or NO_SERIES, list[Any]()
    for offset, each in enumerate(samples):
        series = learn(series, each)
        found = ANOMALIES.decide(state, cause(each, offset=offset), series)
        state = ANOMALIES.fold(found, state)
        events += found
    return events, state, series


def latencies(count: int) -> list[Sampled]:
    return [sample(at, l=100 + math.sin(at * at)) for at in range(count)]


SPIKE_AT = 500
TROUBLE: list[Sampled] = [
    *latencies(SPIKE_AT),
    *[sample(SPIKE_AT + at, l=900.0 - at) for at in range(3)],
    *latencies(SPIKE_AT + 60)[SPIKE_AT + 3 :],
]


def test_a_spike_is_told_once_with_its_evidence_and_cleared_when_it_was_calm_for_a_while() -> None:
    events, state, _ = decided(TROUBLE)
    detected, cleared = events
    assert isinstance(detected, AnomalyDetected)
    assert (detected.series, detected.unusual) == (LATENCY, Unusual.VALUE)
    assert detected.at_ms == START_MS + SPIKE_AT * EVERY_MS
    assert detected.value == 900.0
    assert detected.points == SPIKE_AT + 1
    assert detected.score >= THRESHOLD
    assert detected.observed > detected.expected_high >= detected.expected_low
    assert isinstance(cleared, AnomalyCleared)
    assert cleared.since_ms == detected.at_ms
    assert cleared.at_ms - detected.at_ms >= CALM_POINTS * EVERY_MS
    assert state == Anomalies()


def test_what_is_as_usual_is_not_told() -> None:
    assert decided(latencies(1000))[0] == []


@settings(max_examples=15)
@forall(cut=st.integers(0, len(TROUBLE)))
def test_a_restart_at_any_sample_changes_nothing(cut: int) -> None:
    first, state, series = decided(TROUBLE[:cut])
    states, facts = form_of(Anomalies), form_of(Series)
    second, after, known = decided(
        TROUBLE[cut:], states.load(states.dump(state)), facts.load(facts.dump(series))
    )
    assert (first + second, after, known) == decided(TROUBLE)


def test_an_old_sample_or_the_same_again_is_not_judged_twice() -> None:
    again = [each for each in TROUBLE for _ in range(2)]
    assert decided(again)[0] == decided(TROUBLE)[0]
    late = [*TROUBLE[:SPIKE_AT], replace(TROUBLE[SPIKE_AT], at_ms=START_MS)]
    assert decided(late)[0] == []


def test_what_nobody_knows_is_passed_over() -> None:
    gaps = [sample(at) if at % 3 else sample(at, l=math.nan) for at in range(50)]
    events, _, series = decided(gaps)
    assert events == []
    assert len(series.watched) == 0


def test_a_kind_of_event_that_first_comes_when_the_meter_is_known_is_new() -> None:
    usual = [sample(at, [("events/RunStarted", 1.0)]) for at in range(METER_KNOWN_AFTER)]
    both = [("events/RunStarted", 1.0), ("events/Strange", 2.0)]
    after = [sample(at, both) for at in range(METER_KNOWN_AFTER, METER_KNOWN_AFTER + 40)]
    detected, cleared = decided([*usual, *after])[0]
    assert (detected.series, detected.unusual, detected.value) == (
        "events/Strange",
        Unusual.NEW,
        2.0,
    )
    assert cleared == AnomalyCleared(
        series="events/Strange",
        unusual=Unusual.NEW,
        at_ms=detected.at_ms + CALM_POINTS * EVERY_MS,
        since_ms=detected.at_ms,
    )


def producer(counts: Sequence[int]) -> list[Sampled]:
    return [sample(at, [("producers/gateway", float(n))]) for at, n in enumerate(counts)]


def test_a_producer_that_is_silent_for_longer_than_ever_is_told_until_it_is_heard() -> None:
    rhythm = [1, 0] * 300
    assert decided(producer(rhythm))[0] == []
    events, state, _ = decided(producer([*rhythm, 0, 0, 0, 0]))
    assert [(e.unusual, e.observed, e.expected_high) for e in events] == [
        (Unusual.SILENCE, 3.0, 1.0)
    ]
    assert state == Anomalies((Open("producers/gateway", Unusual.SILENCE, events[0].at_ms),))
    events, state, _ = decided(producer([*rhythm, 0, 0, 0, 0, 1]))
    assert isinstance(events[-1], AnomalyCleared)
    assert state == Anomalies()


def test_a_silence_that_was_as_long_before_is_no_news() -> None:
    night = [1] * 600 + [0] * 100 + [1] * 600 + [0] * 110 + [1]
    told = [e.unusual for e in decided(producer(night))[0] if isinstance(e, AnomalyDetected)]
    assert told.count(Unusual.SILENCE) == 1


def test_lag_is_a_series_of_seconds() -> None:
    lag = EVENTS["LagSampled"]
    assert isinstance(lag, LagSampled)
    (topic, *_), at_ms = lag.topics, START_MS
    behind = replace(
        topic,
        partitions=(
            PartitionSample(
                partition=0,
                first=0,
                end=9,
                committed=8,
                committed_at_ms=at_ms,
                oldest_at_ms=at_ms - 2500,
            ),
        ),
    )
    _, _, series = decided([replace(lag, at_ms=at_ms, topics=(behind,))])
    watched = series.watched.get(f"lag_s/{lag.group}")
    assert watched is not None
    assert watched.value == 2.5
    waiting = replace(behind.partitions[0], oldest_at_ms=None)
    untold = replace(behind, partitions=(*behind.partitions, waiting))
    _, _, series = decided([replace(lag, at_ms=at_ms, topics=(untold,))])
    assert f"lag_s/{lag.group}" not in series.watched


def test_more_series_than_can_be_watched_are_passed_over() -> None:
    many = [(f"events/{at}", 1.0) for at in range(SERIES_MAX + 5)]
    events, _, series = decided([sample(0, many), sample(1, many)])
    assert events == []
    assert len(series.watched) == SERIES_MAX


def grouped(at_ms: int, number: int) -> LagSampled:
    lag = EVENTS["LagSampled"]
    assert isinstance(lag, LagSampled)
    return replace(lag, group=f"console-{number}", at_ms=at_ms, topics=())


def test_names_of_groups_leave_room_for_the_meters_and_are_forgotten_after_a_day() -> None:
    events = [grouped(START_MS + at, at) for at in range(WITH_GROUPS_MAX + 5)]
    _, _, series = decided([*events, sample(1, [("latency_ms/answer", 1.0)])])
    assert len(series.watched) == WITH_GROUPS_MAX + 1
    later = [grouped(START_MS + FORGOTTEN_MS + 60_000, at) for at in (7_000, 7_001)]
    series = reduce(learn, later, series)
    assert {name for name, _ in series.watched.items()} == {
        "lag_s/console-7000", "lag_s/console-7001",
    }  # fmt: skip


def beyond(times: int) -> list[Any]:
    """Return what is decided when a latency goes a little beyond for so many samples."""
    known = [sample(at, l=150 + 50 * math.sin(at * at)) for at in range(600)]
    more = [sample(600 + at, l=250 + at) for at in range(times)]
    back = [sample(600 + times + at, l=150.0) for at in range(3)]
    return decided([*known, *more, *back])[0]


def test_what_goes_a_little_beyond_is_unusual_only_if_it_lasts() -> None:
    assert beyond(1) == beyond(LASTS - 1) == []
    (told,) = beyond(LASTS)
    assert told.at_ms == START_MS + (600 + LASTS - 1) * EVERY_MS
    assert (told.statistic, told.observed) == ("value", 250 + LASTS - 1)
    assert round(told.expected_high) == 200
