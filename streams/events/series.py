"""The grid in numbers over time, and what was unusual about them."""

from dataclasses import dataclass
from enum import Enum
from typing import get_args


class Unusual(Enum):
    """In which way a series is unusual."""

    VALUE = "value"
    NEW = "new"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A number of a series, which is named by what it measures and of whom: `latency_ms/answer`."""

    series: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSampled:
    """What was measured in the `span_ms` up to a time, all of it by one meter (the key).

    Of `counts` every series that ever counted something is there, with 0 where nothing happened; of
    `points` those that have a number.
    """

    at_ms: int
    span_ms: int
    points: tuple[Point, ...]
    counts: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyDetected:
    """A series is unusual from here on.

    The evidence: its `value`, and the `statistic` of it that was `observed` outside of where it was
    expected after `points` points (a band of equal ends is no expectation). `score` is minus the
    natural logarithm of how often that was to be expected.
    """

    series: str
    unusual: Unusual
    at_ms: int
    value: float
    statistic: str
    observed: float
    expected_low: float
    expected_high: float
    score: float
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyCleared:
    """The series is as usual again, or what is unusual about it has become usual."""

    series: str
    unusual: Unusual
    at_ms: int
    since_ms: int


SeriesEvent = SeriesSampled | AnomalyDetected | AnomalyCleared

EVENTS: tuple[type, ...] = get_args(SeriesEvent)
