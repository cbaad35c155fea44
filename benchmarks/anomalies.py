"""Anomaly detection on NAB's files, scored as NAB does, beside its windowed Gaussian.

`--data DIR` holds `group/name.csv` as NAB has it, `--labels FILE` is its `combined_windows.json`;
what is labelled but not there is left out. Nothing is set by file: one threshold serves them all.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks._gaussian import peaks, windowed
from benchmarks._nab import (
    PROFILES,
    Series,
    normalised,
    read,
    score,
    score_at,
    silent_and_perfect,
)
from benchmarks._report import OURS, options, say, show
from processors.anomalies.detector import Detector, judge

Scores = Sequence[float]
STANDARD = PROFILES["standard"]


def main() -> None:
    """Measure as asked."""
    parser = options("anomaly detection on NAB's files, beside its windowed Gaussian")
    parser.add_argument("--data", type=Path, required=True, help="NAB's data folder, or a part")
    parser.add_argument("--labels", type=Path, required=True, help="combined_windows.json")
    asked = parser.parse_args()
    try:
        series = read(asked.data, asked.labels)
    except (OSError, ValueError) as error:
        raise SystemExit(f"cannot read NAB's files: {error}") from error
    if not any(one.times for one in series):
        raise SystemExit(f"{asked.data}: holds none of the files that {asked.labels} labels")
    windows = sum(len(one.windows) for one in series)
    say(f"{len(series)} files, {sum(len(s.times) for s in series):,} points, {windows} windows")
    show(
        measured(series, asked.rounds),
        asked,
        title=f"Anomalies in {len(series)} files of NAB",
        drawn="standard",
    )


def detected(series: Series) -> Iterator[float]:
    """Yield our alarms, point by point."""
    detector = Detector()
    for at_s, value in zip(series.times, series.values, strict=True):
        detector, judgement = judge(detector, at_s, value)
        yield judgement.alarm


SYSTEMS: Mapping[str, Callable[[Series], Iterator[float]]] = {
    OURS: detected,
    "windowed_gaussian": lambda series: windowed(series.values),
    "windowed_gaussian_peaks": lambda series: peaks(windowed(series.values)),
}


def measured(series: Sequence[Series], rounds: int) -> dict[str, dict[str, float | None]]:
    """Return every system's scores, and the time of a point as the median of the rounds."""
    found: dict[str, dict[str, float | None]] = {}
    spent: dict[str, list[float]] = {name: [] for name in SYSTEMS}
    scores: dict[str, list[Scores]] = {}
    for _ in range(rounds):
        for name, detect in SYSTEMS.items():
            began = time.process_time()
            scores[name] = [list(detect(one)) for one in series]
            spent[name].append(time.process_time() - began)
    points = sum(len(one.times) for one in series)
    for name, given in scores.items():
        found[name] = {
            **figures(series, given),
            "held_out": held_out(series, given),
            "us_per_point": 1e6 * median(spent[name]) / points,
        }
    for name, bound in silent_and_perfect(series).items():
        found[name] = {**figures(series, bound), "held_out": None, "us_per_point": None}
    return found


def figures(series: Sequence[Series], scores: Sequence[Scores]) -> dict[str, float | None]:
    """Return the normalised score of every profile."""
    return {name: score(series, scores, profile).score for name, profile in PROFILES.items()}


def held_out(series: Sequence[Series], scores: Sequence[Scores]) -> float | None:
    """Return the standard score when each group's threshold comes from the other groups alone."""
    groups = {one.group for one in series}
    if len(groups) < 2:
        return None
    pairs = list(zip(series, scores, strict=True))
    gained = 0.0
    for group in sorted(groups):
        others = [pair for pair in pairs if pair[0].group != group]
        best = score([one for one, _ in others], [given for _, given in others], STANDARD)
        gained += sum(
            score_at(one, given, STANDARD, best.threshold) + STANDARD.missed * len(one.windows)
            for one, given in pairs
            if one.group == group
        )
    return normalised(gained, sum(len(one.windows) for one in series), STANDARD)


if __name__ == "__main__":
    main()
