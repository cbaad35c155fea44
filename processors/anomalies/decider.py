"""When a series becomes unusual, and when it is usual again.

What was sampled is a fact of the partition: its fold, in `watched.py`, needs no events of its own.
An anomaly is told once; until it is cleared, nothing more is said of its series.
"""

from dataclasses import dataclass
from typing import assert_never

from processors.anomalies.watched import NO_SERIES, Sampled, Series, Watched, learn, measured
from streams.decider import Decider, Projection
from streams.envelope import Envelope
from streams.events.lag import LagSampled
from streams.events.series import AnomalyCleared, AnomalyDetected, SeriesSampled, Unusual
from streams.ids import ProcessorName
from streams.topics import OBSERVATIONS

#: An anomaly is over after so many points as usual; a silence is over with the first sound.
CALM_POINTS = 30

Decided = AnomalyDetected | AnomalyCleared


@dataclass(frozen=True, slots=True)
class Open:
    """An anomaly that was told and not cleared."""

    series: str
    unusual: Unusual
    since_ms: int


@dataclass(frozen=True, slots=True)
class Anomalies:
    """The open anomalies among the series of one meter, or of one group."""

    open: tuple[Open, ...] = ()


def decide(state: Anomalies, cause: Envelope[Sampled], series: Series) -> tuple[Decided, ...]:
    """Say which of the sampled series are unusual now, or no longer."""
    told = {each.series: each for each in state.open}
    decided: list[Decided] = []
    for name, _, _ in measured(cause.event):
        watched = series.watched.get(name)
        if watched is None or watched.at_ms != cause.event.at_ms:
            continue  # not watched, or an older sample than one that was judged
        if name in told:
            decided += _cleared(told[name], watched)
        elif watched.unusual is not None:
            decided.append(_detected(name, watched, watched.unusual))
    return tuple(decided)


def evolve(state: Anomalies, event: Decided) -> Anomalies:
    """Keep what is open."""
    others = tuple([each for each in state.open if each.series != event.series])
    match event:
        case AnomalyDetected(series=series, unusual=unusual, at_ms=at_ms):
            return Anomalies((*others, Open(series, unusual, at_ms)))
        case AnomalyCleared():
            return Anomalies(others)
        case _:
            assert_never(event)


def _detected(series: str, watched: Watched, unusual: Unusual) -> AnomalyDetected:
    return AnomalyDetected(
        series=series,
        unusual=unusual,
        at_ms=watched.at_ms,
        value=watched.value,
        statistic=watched.statistic,
        observed=watched.observed,
        expected_low=watched.low,
        expected_high=watched.high,
        score=watched.score,
        points=watched.detector.seen,
    )


def _cleared(told: Open, watched: Watched) -> tuple[AnomalyCleared, ...]:
    heard = told.unusual is Unusual.SILENCE and watched.unusual is not Unusual.SILENCE
    if not heard and watched.calm < CALM_POINTS:
        return ()
    return (
        AnomalyCleared(
            series=told.series,
            unusual=told.unusual,
            at_ms=watched.at_ms,
            since_ms=told.since_ms,
        ),
    )


ANOMALIES: Decider[Anomalies, Sampled, Decided, Series] = Decider(
    name=ProcessorName("anomalies"),
    version=3,
    topic=OBSERVATIONS,
    reads=(SeriesSampled, LagSampled),
    writes=(AnomalyDetected, AnomalyCleared),
    initial=Anomalies(),
    decide=decide,
    evolve=evolve,
    grid=Projection(reads=(SeriesSampled, LagSampled), initial=NO_SERIES, evolve=learn),
)
