"""What `aether whatif` says is valid JSON and true words, however few runs were judged."""

import json
from typing import Any

import pytest

from cli.whatif import as_row, as_text
from replay.diff import Side
from replay.figures import Report, Row, Told, put_together
from streams.ids import RunId

SIDE = Side("completed", "", 0, ())
RIGHT, WRONG = Told(1.0, "gray"), Told(0.0, None)


def report(*told: Told, after: str = "blue", propensity: float = 1.0) -> Report:
    rows = [
        Row(RunId(str(n)), "", "gray", after, propensity, SIDE, SIDE, True, True, each)
        for n, each in enumerate(told)
    ]
    return put_together(rows, {})


def data(made: Report) -> dict[str, Any]:
    """Return a report as a strict reader of JSON does."""
    read: dict[str, Any] = json.loads(json.dumps(as_row(made), allow_nan=False))
    return read


@pytest.mark.parametrize("judged", [(), (RIGHT,), (WRONG,), (RIGHT, WRONG), (WRONG, WRONG)])
@pytest.mark.parametrize("propensity", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("after", ["gray", "blue", ""])
def test_it_is_json(judged: tuple[Told, ...], propensity: float, after: str) -> None:
    made = report(*judged, after=after, propensity=propensity)
    assert (data(made)["reward"] is None) == (not judged)
    words = as_text("What if?", made).split()
    assert not {"nan", "inf", "-inf"} & set(words)


def test_a_reward_that_nobody_knows_is_null_between_its_bounds() -> None:
    changed = data(report(RIGHT, WRONG))["reward"]["changed"]
    assert (changed["value"], changed["worst"], changed["best"]) == (None, 0.0, 0.5)
    assert (changed["runs"], changed["known"]) == (2, 1)


def test_weights_are_told_where_something_was_left_to_chance() -> None:
    assert data(report(RIGHT, WRONG, after="gray"))["estimates"] is None
    chance = report(RIGHT, WRONG, after="gray", propensity=0.5)
    assert data(chance)["estimates"]["snips"]["value"] == 0.5
    assert "weighed by chance, as good as 2 runs of its own: SNIPS 0.500" in as_text("?", chance)


def test_a_person_is_told_how_sure_it_is() -> None:
    assert as_text("What if?", report(RIGHT)).splitlines()[-2:] == [
        "reward 1.000 as logged, 0.000 under the change, by what people said of 1 judged run",
        "  of more such runs, 95 % sure: 0.025 to 1.000 as logged, 0.000 to 0.975 under the change",
    ]
    assert as_text("What if?", report()).splitlines()[-1] == (
        "reward not known: nobody said of any of these runs whether it was right"
    )
