"""The routing benchmark's figures are what their names say, and its files are read as they are."""

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def routing() -> Any:
    """The benchmark as a module; it is made to run as a script, beside its neighbours."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("routing")
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_auroc_counts_pairs_in_order_and_equal_ones_half(routing: Any) -> None:
    assert routing.auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert routing.auroc([0.1], [0.9]) == 0.0
    assert routing.auroc([0.5, 0.9], [0.5]) == 0.75
    assert routing.auroc([0.3] * 4, [0.3] * 5) == 0.5


def test_the_calibration_error_is_the_gap_between_sure_and_right(routing: Any) -> None:
    assert routing.calibration_error([(1.0, True)] * 3 + [(0.0, False)]) == 0.0
    assert routing.calibration_error([(0.9, True), (0.9, False)]) == pytest.approx(0.4)


def test_joint_counts_what_is_answered_right_and_what_is_rightly_refused(routing: Any) -> None:
    told = [
        routing.Told("a", True, 0.9, 0.001),
        routing.Told("a", False, 0.2, 0.002),
        routing.Told("b", True, 0.8, 0.003),
        routing.Told("b", False, 0.1, 0.004),
    ]
    found = routing.figures(told, [("t", "a"), ("t", "a"), ("t", "a"), ("t", routing.OUTSIDE)])
    assert found["accuracy"] == pytest.approx(100 * 2 / 3)
    assert found["joint"] == 50.0
    assert found["oos_auroc"] == 100.0
    assert found["decision_ms_p50"] == 2.5
    assert routing.figures(told[:1], [("t", "a")])["oos_auroc"] is None


def test_what_is_outside_is_asked_first_and_after_something_else(routing: Any) -> None:
    class Credulous:
        """Takes the first outside text, and whatever is not the first of its session."""

        async def converse(self, texts: list[str]) -> list[Any]:
            return [routing.Told("a", at > 0 or text == "x", 0.5, 0.0)
                    for at, text in enumerate(texts)]  # fmt: skip

        async def route(self, texts: list[str]) -> list[Any]:
            return [told for text in texts for told in await self.converse([text])]

    test = [("t", "a"), ("x", routing.OUTSIDE), ("y", routing.OUTSIDE)]
    found = asyncio.run(routing._strayed(Credulous(), test))
    assert found == {"oos_taken": 50.0, "oos_taken_in_session": 100.0}
    assert set(asyncio.run(routing._strayed(Credulous(), test[:1])).values()) == {None}


def test_files_are_read_with_whatever_their_columns_are_called(
    routing: Any, tmp_path: Path
) -> None:
    table = tmp_path / "set.csv"
    table.write_text('text,category\n"yes, please",agree\nno,refuse\n')
    assert routing.read(table, "train") == [("yes, please", "agree"), ("no", "refuse")]
    clinc = tmp_path / "set.json"
    clinc.write_text(json.dumps({"test": [["hi", "greet"]], "oos_test": [["?", "oos"]]}))
    assert routing.read(clinc, "test") == [("hi", "greet"), ("?", "oos")]
    (tmp_path / "empty.csv").write_text("text,label\n")
    with pytest.raises(SystemExit, match=r"empty\.csv"):
        routing.read(tmp_path / "empty.csv", "train")


def test_shots_are_drawn_per_label_by_a_seed(routing: Any) -> None:
    rows = [(f"text {n}", f"label {n % 3}") for n in range(30)]
    drawn = routing.drawn(rows, 4, 1)
    assert [sum(row[1] == f"label {k}" for row in drawn) for k in range(3)] == [4, 4, 4]
    assert drawn == routing.drawn(rows, 4, 1) != routing.drawn(rows, 4, 2)
    assert routing.drawn(rows, None, 0) == rows
    assert len(routing.drawn(rows, 99, 0)) == 30


def test_a_replay_that_nothing_could_be_learned_in_is_refused_at_once(routing: Any) -> None:
    rows = [(f"text {n}", f"label {n % 3}") for n in range(9)]
    start, requests = routing.beginning([*rows, *rows, ("?", routing.OUTSIDE)], 2)
    assert len(start) == 6
    assert sorted([*start, *requests]) == sorted(rows)
    for shots in (1, 3):
        with pytest.raises(SystemExit, match="--replay"):
            routing.beginning(rows, shots)


@pytest.mark.parametrize("option", ["--shots", "--samples", "--replay"])
def test_none_of_something_is_refused_as_an_argument(
    routing: Any, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["routing", "--train", "a", "--test", "b", option, "0"])
    with pytest.raises(SystemExit, match="2"):
        routing.main()
    assert f"{option}: want 1 or more, not 0" in capsys.readouterr().err


def test_what_there_is_nothing_of_has_no_figure(routing: Any) -> None:
    told = [routing.Told("a", True, 0.9, 0.001)]
    outside = routing.figures(told, [("t", routing.OUTSIDE)])
    assert (outside["accuracy"], outside["oos_auroc"], outside["ece"]) == (None, None, None)
    assert outside["joint"] == 0.0
