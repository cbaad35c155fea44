"""NAB's scoring, against what its authors publish of it."""

import json
import math
from pathlib import Path

import pytest

from benchmarks._nab import PROFILES, Series, read, score, score_at, sigmoid, silent_and_perfect
from benchmarks.anomalies import detected, figures, held_out, measured

STANDARD = PROFILES["standard"]


def series(windows: list[tuple[int, int]], points: int = 1000, name: str = "a/b.csv") -> Series:
    return Series(name, [60.0 * at for at in range(points)], [0.0] * points, windows)


def alarms(*places: int, points: int = 1000) -> list[float]:
    return [float(at in places) for at in range(points)]


def test_positions_weigh_what_nab_says() -> None:
    assert sigmoid(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert sigmoid(-0.5) == pytest.approx(0.84828, abs=1e-5)
    assert sigmoid(0.0) == 0.0
    assert sigmoid(1.0) == pytest.approx(-0.98661, abs=1e-5)
    assert sigmoid(3.0) == -1.0


def test_a_silent_detector_scores_nothing_and_a_perfect_one_everything() -> None:
    files = [series([(300, 399), (500, 599)]), series([(700, 799)], name="c/d.csv")]
    scores = silent_and_perfect(files)
    assert figures(files, scores["null"]) == dict.fromkeys(PROFILES, 0.0)
    assert figures(files, scores["perfect"]) == pytest.approx(dict.fromkeys(PROFILES, 100.0))


def test_the_earliest_detection_in_a_window_counts_once() -> None:
    files = [series([(300, 399)])]
    early, late = (
        score_at(files[0], alarms(310), STANDARD, 1),
        score_at(files[0], alarms(390), STANDARD, 1),
    )
    assert early == sigmoid(-0.9) / sigmoid(-1.0)
    assert late == sigmoid(-0.1) / sigmoid(-1.0)
    assert score_at(files[0], alarms(310, 390), STANDARD, 1) == early


def test_a_false_alarm_costs_less_right_after_a_window() -> None:
    one = series([(300, 399)])
    found = score_at(one, alarms(300), STANDARD, 1)
    after = score_at(one, alarms(300, 420), STANDARD, 1) - found
    far = score_at(one, alarms(300, 900), STANDARD, 1) - found
    before = score_at(one, alarms(300, 200), STANDARD, 1) - found
    assert after == pytest.approx(0.11 * sigmoid(21 / 99))
    assert far == before == pytest.approx(-0.11)


def test_a_missed_window_costs_what_the_profile_says() -> None:
    one = series([(300, 399)])
    assert score_at(one, alarms(), STANDARD, 1) == -1.0
    assert score_at(one, alarms(), PROFILES["reward_low_FN"], 1) == -2.0


def test_probation_is_15_per_cent_of_a_file_and_at_most_750_points() -> None:
    assert series([], points=1000).probation == 150
    assert series([], points=22_695).probation == 750
    assert score_at(series([(300, 399)]), alarms(149), STANDARD, 1) == -1.0
    assert score_at(series([(300, 399)]), alarms(150), STANDARD, 1) == pytest.approx(-1.11)


def test_one_threshold_serves_all_files() -> None:
    files = [series([(300, 399)]), series([(300, 399)], name="c/d.csv")]
    good = [0.9 * x for x in alarms(300)]
    noisy = [0.8 * x for x in alarms(*range(600, 700), 300)]
    best = score(files, [good, noisy], STANDARD)
    assert best.threshold == 0.9
    assert best.score == pytest.approx(50.0)
    assert score(files[1:], [noisy], STANDARD) == (0.0, math.inf)


def test_a_late_detection_does_not_take_an_early_one_back() -> None:
    files = [series([(300, 399), (600, 699)])]
    scores = [0.9 * a + 0.5 * b for a, b in zip(alarms(300), alarms(390, 600), strict=True)]
    best = score(files, [scores], STANDARD)
    assert best.score == pytest.approx(100.0)
    assert best.threshold == 0.5


def test_held_out_groups_have_the_threshold_of_the_others() -> None:
    files = [series([(300, 399)]), series([(300, 399)], name="c/d.csv")]
    assert held_out(files, [alarms(300), [0.5 * x for x in alarms(300)]]) == pytest.approx(50.0)
    assert held_out(files[:1], [alarms(300)]) is None


def test_files_are_read_in_nabs_layout(tmp_path: Path) -> None:
    (tmp_path / "data" / "real").mkdir(parents=True)
    rows = "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,\n2014-04-01 00:10:00,3.5\n"
    (tmp_path / "data" / "real" / "one.csv").write_text(rows)
    windows = [["2014-04-01 00:05:00.000000", "2014-04-01 00:10:00.000000"]]
    labels = tmp_path / "windows.json"
    labels.write_text(json.dumps({"real/one.csv": windows, "real/other.csv": windows}))
    (one,) = read(tmp_path / "data", labels)
    assert (one.name, one.group, one.windows) == ("real/one.csv", "real", [(1, 2)])
    assert one.times[1] - one.times[0] == 300
    assert math.isnan(one.values[1])
    assert len(list(detected(one))) == 3


def test_a_part_with_blank_rows_gaps_and_windows_between_points_is_read(tmp_path: Path) -> None:
    labels, folder = tmp_path / "labels.json", tmp_path / "data" / "group"
    folder.mkdir(parents=True)
    rows = [f"2014-01-01 00:{at:02}:00,{'NA' if at == 3 else at}" for at in range(10)]
    (folder / "one.csv").write_text("\n".join(["timestamp,value", *rows, "", ""]))
    window = ["2014-01-01 00:01:30", "2014-01-01 00:04:30"]
    late = ["2014-01-01 00:08:30.000000", "2014-01-02 00:00:00.000000"]
    labels.write_text(json.dumps({"group/one.csv": [window, late], "group/two.csv": []}))
    for part in (tmp_path, tmp_path / "data", folder):
        (one,) = read(part, labels)
        assert one.windows == [(2, 4), (9, 9)]
        assert len(one.values) == 10
        assert math.isnan(one.values[3])
    labels.write_text("no json")
    with pytest.raises(ValueError, match="Expecting value"):
        read(folder, labels)


def test_every_system_is_measured_and_ours_stands_first() -> None:
    told = measured([series([(300, 399)])], rounds=1)
    assert list(told) == [
        "aether",
        "windowed_gaussian",
        "windowed_gaussian_peaks",
        "null",
        "perfect",
    ]
    assert all(set(row) == {*PROFILES, "held_out", "us_per_point"} for row in told.values())
    assert told["aether"]["standard"] == 0.0, "nothing happens in this file"
    assert told["perfect"]["standard"] == pytest.approx(100.0)
