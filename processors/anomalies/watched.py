"""Every series there is with its detector: the fold of all that was sampled.

Lag is sampled by its own part of the observer; its seconds are series here like any other.
"""

from dataclasses import dataclass, replace
from math import isfinite
from typing import NamedTuple

from processors.anomalies.detector import THRESHOLD, Detector, Judgement, judge
from processors.anomalies.rhythm import Rhythm, listen, silence
from streams.events.lag import LagSampled
from streams.events.series import SeriesSampled, Unusual
from streams.lag.behind import behind_s
from streams.pmap import PMap

Sampled = SeriesSampled | LagSampled

#: So many series are watched, and only some of them may be of groups, whose names tools make up; a
#: later one is passed over until others were not sampled for a day. That is looked at every minute.
SERIES_MAX, WITH_GROUPS_MAX = 2_000, 1_500
FORGOTTEN_MS, SWEPT_EVERY_MS = 86_400_000, 60_000
#: What is surprising is told at once if it goes so many ranges beyond the widest so far.
FAR = 1.0
#: Otherwise only if so many samples on end stay outside of where all were before.
LASTS = 6
#: A meter is known after so many samples; what first counts later is new.
METER_KNOWN_AFTER = 50


UNKNOWN = Detector()


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Where all values were before a surprising one, its score, and how many were outside since."""

    low: float
    high: float
    score: float
    outside: int = 0


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
    suspicion: Suspicion | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """All series by name, how often the meter sampled, and when old ones were forgotten last."""

    watched: PMap[Watched]
    samples: int = 0
    swept_ms: int = 0


NO_SERIES = Series(PMap())


class Measured(NamedTuple):
    """A number of a sample, and whether it counts events."""

    series: str
    value: float
    counts: bool


def measured(sampled: Sampled) -> tuple[Measured, ...]:
    """Return the numbers in a sample."""
    if isinstance(sampled, LagSampled):
        seconds = behind_s(sampled)
        return () if seconds is None else (Measured(f"lag_s/{sampled.group}", seconds, False),)
    points = [Measured(point.series, point.value, False) for point in sampled.points]
    counts = [Measured(point.series, point.value, True) for point in sampled.counts]
    return (*points, *counts)


def learn(series: Series, sampled: Sampled) -> Series:
    """Judge every number of a sample and learn it."""
    is_lag = isinstance(sampled, LagSampled)
    most = WITH_GROUPS_MAX if is_lag else SERIES_MAX
    if len(series.watched) >= most and sampled.at_ms - series.swept_ms >= SWEPT_EVERY_MS:
        series = _swept(series, sampled.at_ms)
    watched = series.watched
    for each in measured(sampled):
        if not isfinite(each.value):
            continue  # nobody knows it
        known = watched.get(each.series)
        if known is None:
            if len(watched) >= most:
                continue
            known = Watched(rhythm=Rhythm() if each.counts else None)
            known = replace(known, unusual=_news(each, series.samples))
        elif known.at_ms >= sampled.at_ms:
            continue  # an older sample, or the same again
        watched = watched.put(each.series, _next(known, each.value, sampled.at_ms))
    return replace(series, watched=watched, samples=series.samples + (not is_lag))


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
    if rhythm is not None and not value:
        return here  # 0 is for its rhythm to judge
    if judgement.score >= THRESHOLD and _is_far(judgement):
        return _unusual(here, judgement)
    return _suspected(here, known, judgement)


def _suspected(here: Watched, known: Watched, judgement: Judgement) -> Watched:
    """Return what is thought of a point that is not far off: that it lasts makes it unusual."""
    suspicion = known.suspicion
    if suspicion is None and judgement.score >= THRESHOLD:
        values = known.detector.extremes[0]
        suspicion = Suspicion(values.low, values.high, judgement.score)
    if suspicion is None or suspicion.low <= here.value <= suspicion.high:
        return here
    suspicion = replace(suspicion, outside=suspicion.outside + 1)
    here = replace(here, suspicion=suspicion)
    if suspicion.outside != LASTS:
        return here
    low, high, score = suspicion.low, suspicion.high, suspicion.score
    return _unusual(here, Judgement(score, 0.0, "value", here.value, low, high))


def _unusual(here: Watched, judgement: Judgement) -> Watched:
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


def _is_far(judged: Judgement) -> bool:
    beyond = max(judged.observed - judged.high, judged.low - judged.observed)
    return beyond >= FAR * (judged.high - judged.low)


def _news(each: Measured, before: int) -> Unusual | None:
    return Unusual.NEW if each.counts and before >= METER_KNOWN_AFTER else None


def _swept(series: Series, at_ms: int) -> Series:
    items = series.watched.items()
    recent = {name: one for name, one in items if at_ms - one.at_ms < FORGOTTEN_MS}
    return replace(series, watched=PMap(recent), swept_ms=at_ms)
