"""NAB's files and its scoring (Lavin and Ahmad, "Evaluating Real-time Anomaly Detection", 2015).

A window counts once, by its earliest detection; a false alarm costs less shortly after a window.
One threshold serves all files: the one that scores best. A detector that says nothing scores 0, one
that speaks at the first point of every window and nowhere else 100.
"""

import csv
import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

PROBATION, PROBATION_ROWS_MAX = 0.15, 5000
#: Beyond so many window widths a false alarm has nothing to do with the window before it.
FAR = 3.0


class Profile(NamedTuple):
    """What a found window, a false alarm and a missed window weigh."""

    found: float
    false: float
    missed: float


#: NAB's application profiles; a true negative weighs nothing in its score.
PROFILES: Mapping[str, Profile] = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP": Profile(1.0, 0.22, 1.0),
    "reward_low_FN": Profile(1.0, 0.11, 2.0),
}


class Series(NamedTuple):
    """A file: points in order, and the windows around its anomalies as first and last place."""

    name: str
    times: Sequence[float]
    values: Sequence[float]
    windows: Sequence[tuple[int, int]]

    @property
    def group(self) -> str:
        """The folder it lies in."""
        return self.name.split("/")[0]

    @property
    def probation(self) -> int:
        """How many points at its beginning do not count."""
        return math.floor(PROBATION * min(len(self.times), PROBATION_ROWS_MAX))


class Scored(NamedTuple):
    """A detector's normalised score and the threshold it is reached with."""

    score: float
    threshold: float


class _Mark(NamedTuple):
    score: float
    window: tuple[str, int] | None
    weight: float


def read(folder: Path, labels: Path) -> list[Series]:
    """Return the labelled files in or under a folder; their labels name them `group/name.csv`.

    Raises OSError, and ValueError for what is not in NAB's format.
    """
    windows = json.loads(labels.read_text(encoding="utf-8"))
    found = [(path, _name(path)) for path in sorted(folder.resolve().rglob("*.csv"))]
    return [_series(path, name, windows[name]) for path, name in found if name in windows]


def score(series: Sequence[Series], scores: Sequence[Sequence[float]], profile: Profile) -> Scored:
    """Return the best normalised score that one threshold over all of these files reaches."""
    marks = [
        m for one, given in zip(series, scores, strict=True) for m in _marks(one, given, profile)
    ]
    marks.sort(key=lambda mark: -mark.score)
    windows = sum(len(one.windows) for one in series)
    found: dict[tuple[str, int], float] = {}
    false, best = 0.0, Scored(0.0, math.inf)
    for threshold, tied in groupby(marks, key=lambda mark: mark.score):
        for mark in tied:
            if mark.window is None:
                false += mark.weight
            else:
                found[mark.window] = max(found.get(mark.window, 0.0), mark.weight)
        gained = sum(found.values()) + profile.missed * len(found) + false
        reached = normalised(gained, windows, profile)
        if threshold > 0 and reached > best.score:
            best = Scored(reached, threshold)
    return best


def score_at(series: Series, scores: Sequence[float], profile: Profile, threshold: float) -> float:
    """Return NAB's raw score of one file, with every window missed as its lowest."""
    hit = [mark for mark in _marks(series, scores, profile) if mark.score >= threshold]
    best: dict[tuple[str, int], float] = {}
    for mark in hit:
        if mark.window is not None:
            best[mark.window] = max(best.get(mark.window, 0.0), mark.weight)
    false = sum(mark.weight for mark in hit if mark.window is None)
    return sum(best.values()) - profile.missed * (len(series.windows) - len(best)) + false


def normalised(gained: float, windows: int, profile: Profile) -> float:
    """Return what was gained over a silent detector, in per cent of what a perfect one gains."""
    return 100 * gained / (windows * (profile.found + profile.missed)) if windows else 100 * gained


def silent_and_perfect(series: Sequence[Series]) -> dict[str, list[list[float]]]:
    """Return the scores of the two detectors between which all are placed."""
    silent = [[0.0] * len(one.times) for one in series]
    perfect = [list(scores) for scores in silent]
    for one, scores in zip(series, perfect, strict=True):
        for left, _ in one.windows:
            scores[max(left, one.probation)] = 1.0
    return {"null": silent, "perfect": perfect}


def sigmoid(position: float) -> float:
    """Return NAB's weight at a position: -1 is a window's left edge, 0 its right, in widths."""
    return -1.0 if position >= FAR else 2 / (1 + math.exp(5 * position)) - 1


def _marks(series: Series, scores: Sequence[float], profile: Profile) -> Iterator[_Mark]:
    """Yield what an alarm at each point after probation would mean."""
    upcoming = list(enumerate(series.windows))
    before: tuple[int, int] | None = None
    for at in range(len(series.times)):
        while upcoming and at > upcoming[0][1][1]:
            before = upcoming.pop(0)[1]
        inside = bool(upcoming) and upcoming[0][1][0] <= at
        if at < series.probation:
            continue
        if inside:
            number, (left, right) = upcoming[0]
            place = -(right - at + 1) / (right - left + 1)
            weight = profile.found * sigmoid(place) / sigmoid(-1.0)
            yield _Mark(scores[at], (series.name, number), weight)
        else:
            past = FAR if before is None else (at - before[1]) / max(1, before[1] - before[0])
            yield _Mark(scores[at], None, profile.false * sigmoid(past))


def _series(path: Path, name: str, windows: Sequence[Sequence[str]]) -> Series:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) > 1][1:]
    times = [_seconds(row[0]) for row in rows]
    edges = [
        (bisect_left(times, _seconds(left)), bisect_right(times, _seconds(right)) - 1)
        for left, right in windows
    ]
    known = [edge for edge in edges if edge[0] <= edge[1]]
    return Series(name, times, [_number(row[1]) for row in rows], known)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _seconds(said: str) -> float:
    return datetime.fromisoformat(said).replace(tzinfo=UTC).timestamp()


def _number(said: str) -> float:
    """Return a value; what is none, such as `NA`, is a gap."""
    try:
        return float(said)
    except ValueError:
        return math.nan
