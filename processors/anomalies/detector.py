"""Whether a number is unusual in its series, by records of five statistics of it.

The statistics are the value, its short-term mean, how far the value is from what is usual at this
hour of the week, the short-term mean of that, and the short-term spread. A detector is a value:
judging a point returns the next one, so the same points in the same order are judged the same, in
whatever batches they come.
"""

from dataclasses import dataclass
from math import dist, isfinite, log
from typing import NamedTuple

from processors.anomalies.records import Extremes, relaxed, surprise

#: A score from here on is an anomaly. NAB rewards 4.8; a grid is better left in peace.
THRESHOLD = 6.0
#: Fewer points than this say nothing of what is usual.
WARMUP = 150
#: Short-term means weigh a point by this, the usual value of an hour by that.
MEAN_WEIGHT, HOUR_WEIGHT = 0.1, 0.2
#: The spread is that of so many points; less than this share of the range is none.
SPREAD_OVER, SPREAD_LEAST = 50, 1e-4
#: After an alarm only a stronger one is told, for so many points.
QUIET_POINTS = 200
HOUR_S, HOURS = 3600, 168
#: Old extremes fade by this share at every so many points.
FADE_SHARE, FADE_EVERY = 0.25, 100_000
#: Values beyond are taken for it: what is computed of them is still a number.
LARGEST, TINY = 1e100, 1e-300
#: What of a series is watched; the spread is told as its natural logarithm.
STATISTICS = ("value", "mean", "hour", "hour_mean", "spread")


class Judgement(NamedTuple):
    """What is thought of a point; a score of 0 is as usual.

    `alarm` is the score, or 0 while an alarm at least as strong is fresh. The most surprising
    statistic was `observed` outside of `low` to `high`.
    """

    score: float
    alarm: float
    statistic: str
    observed: float
    low: float
    high: float


NOTHING = Judgement(0.0, 0.0, "", 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Detector:
    """What is known of a series after `seen` points."""

    seen: int = 0
    recent: tuple[float, ...] = ()
    mean: float = 0.0
    hours: tuple[float | None, ...] = (None,) * HOURS
    hour_mean: float = 0.0
    extremes: tuple[Extremes, ...] = ()
    peak: float = 0.0
    since_peak: int = 0


def judge(known: Detector, at_s: float, value: float) -> tuple[Detector, Judgement]:
    """Judge a point and learn it; what is not a number is passed over and changes nothing."""
    if not isfinite(value) or not isfinite(at_s):
        return known, NOTHING
    value = max(-LARGEST, min(LARGEST, value))
    seen = known.seen + 1
    mean = known.mean + max(MEAN_WEIGHT, 1 / seen) * (value - known.mean)
    hour = int(at_s // HOUR_S) % HOURS
    usual = known.hours[hour]
    off = 0.0 if usual is None else value - usual
    hour_mean = known.hour_mean + MEAN_WEIGHT * (off - known.hour_mean)
    recent = (*known.recent[-SPREAD_OVER + 1 :], value)
    statistics: tuple[float, ...] = (value, mean, off, hour_mean)
    if len(recent) == SPREAD_OVER:
        statistics += (_spread(recent, known.extremes[0]),)
    judgement, extremes = _judged(known.extremes, statistics, seen)
    peak, since = known.peak, known.since_peak + 1
    if judgement.score > (peak if since <= QUIET_POINTS else 0.0):
        peak, since = judgement.score, 0
        judgement = judgement._replace(alarm=peak)
    learned = value if usual is None else usual + HOUR_WEIGHT * off
    hours = (*known.hours[:hour], learned, *known.hours[hour + 1 :])
    return Detector(seen, recent, mean, hours, hour_mean, extremes, peak, since), judgement


def _spread(recent: tuple[float, ...], values: Extremes) -> float:
    center = sum(recent) / SPREAD_OVER
    spread = dist(recent, (center,) * SPREAD_OVER) / SPREAD_OVER**0.5
    return log(spread + SPREAD_LEAST * (values.high - values.low) + TINY)


def _judged(
    extremes: tuple[Extremes, ...], statistics: tuple[float, ...], seen: int
) -> tuple[Judgement, tuple[Extremes, ...]]:
    """Return the sum of the surprises, told by the greatest of them, and what is known now."""
    if len(extremes) < len(statistics):
        extremes += tuple([Extremes(x, x) for x in statistics[len(extremes) :]])
    total, most, told, known = 0.0, 0.0, 0, extremes
    for at, value in enumerate(statistics):
        score, wider = surprise(extremes[at], value, seen)
        if wider is not extremes[at]:
            known = (*known[:at], wider, *known[at + 1 :])
            total += score
            if score > most:
                most, told = score, at
    if seen % FADE_EVERY == 0:
        known = tuple([relaxed(each, FADE_SHARE) for each in known])
    if seen <= WARMUP or not total:
        return NOTHING, known
    was = extremes[told]
    found = Judgement(total, 0.0, STATISTICS[told], statistics[told], was.low, was.high)
    return found, known
