"""Every series there is with its detector: the fold of all that was sampled.

Lag is sampled by its own part of the observer; its seconds are series here like any other.
"""

from dataclasses import dataclass, replace
from math import isfinite
from typing import NamedTuple

from processors.anomalies.detector import THRESHOLD, Detector, judge
from processors.anomalies.rhythm import Rhythm, listen, silence
from streams.events.lag import LagSampled
from streams.events.series import SeriesSampled, Unusual
from streams.lag.behind import behind_s
from streams.pmap import PMap

Sampled = SeriesSampled | LagSampled

#: So many series are watched; a later one is passed over.
SERIES_MAX = 2_000
#: A meter is known after so many samples; what first counts later is new.
METER_KNOWN_AFTER = 50


UNKNOWN = Detector()


@dataclass(frozen=True, slots=True)
class Watched:
    """A series: its detector, its rhythm if it counts, and what was thought of its last point."""

    detector: Detector = UNKNOWN
    rhythm: Rhythm | None = None
    at_ms: int = 0
    value: float = 0.0
    unusual: Unusual | None = None
    statistic: str = ""
    observed: float = 0.0
    low: float = 0.0
    high: float = 0.0
    score: float = 0.0
    #: Points since one was unusual.
    calm: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """All series by name, and by meter how often it sampled."""

    watched: PMap[Watched]
    samples: PMap[int]


NO_SERIES = Series(PMap(), PMap())


class Measured(NamedTuple):
    """A number of a sample, and whether it counts events."""

    series: str
    value: float
    counts: bool


def measured(sampled: Sampled) -> tuple[Measured, ...]:
    """Return the numbers in a sample."""
    if isinstance(sampled, LagSampled):
        return (Measured(f"lag_s/{sampled.group}", behind_s(sampled), False),)
    points = [Measured(point.series, point.value, False) for point in sampled.points]
    counts = [Measured(point.series, point.value, True) for point in sampled.counts]
    return (*points, *counts)


def learn(series: Series, sampled: Sampled) -> Series:
    """Judge every number of a sample and learn it."""
    meter = _meter(sampled)
    before = series.samples.get(meter) or 0
    watched = series.watched
    for each in measured(sampled):
        if not isfinite(each.value):
            continue  # nobody knows it
        known = watched.get(each.series)
        if known is None:
            if len(watched) >= SERIES_MAX:
                continue
            known = Watched(rhythm=Rhythm() if each.counts else None)
            known = replace(known, unusual=_news(each, before))
        elif known.at_ms >= sampled.at_ms:
            continue  # an older sample, or the same again
        watched = watched.put(each.series, _next(known, each.value, sampled.at_ms))
    return Series(watched, series.samples.put(meter, before + 1))


def _next(known: Watched, value: float, at_ms: int) -> Watched:
    """Return what is known and thought after another point."""
    detector, judgement = judge(known.detector, at_ms / 1000, value)
    seen, rhythm = detector.seen, known.rhythm
    here = Watched(detector, rhythm, at_ms, value, calm=known.calm + 1)
    if rhythm is not None:
        rhythm = listen(rhythm, value, seen)
        here = replace(here, rhythm=rhythm)
        score = silence(rhythm, seen)
        if score >= THRESHOLD or (rhythm.quiet and known.unusual is Unusual.SILENCE):
            return replace(
                here,
                unusual=Unusual.SILENCE,
                statistic="quiet",
                observed=float(rhythm.quiet),
                high=rhythm.longest.high,
                score=max(score, known.score),
                calm=0,
            )
    if seen == 1 and known.unusual is Unusual.NEW:
        return replace(here, unusual=Unusual.NEW, statistic="first", observed=value, calm=0)
    if judgement.score >= THRESHOLD and (rhythm is None or value):  # 0 is for its rhythm to judge
        return replace(
            here,
            unusual=Unusual.VALUE,
            statistic=judgement.statistic,
            observed=judgement.observed,
            low=judgement.low,
            high=judgement.high,
            score=judgement.score,
            calm=0,
        )
    return here


def _news(each: Measured, before: int) -> Unusual | None:
    return Unusual.NEW if each.counts and before >= METER_KNOWN_AFTER else None


def _meter(sampled: Sampled) -> str:
    return f"lag/{sampled.group}" if isinstance(sampled, LagSampled) else "series"
