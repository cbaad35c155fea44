"""Conditions on events: what holds, what does not, and what is none."""

import pytest

from cli.expressions import condition
from streams.errors import Misconfigured

EVENT = {
    "type": "RequestRouted",
    "partitionkey": "s",
    "data": {"confidence": 0.4, "margin": -1, "candidates": [{"capability": "sql"}], "none": None},
}


@pytest.mark.parametrize(
    "text",
    [
        'type == "RequestRouted"',
        'type != "RequestRefused" and data.confidence < 0.5',
        "0.3 < data.confidence <= 0.4",
        "data.margin == -1",
        'data.candidates[0].capability == "sql"',
        'data["candidates"][0]["capability"] in ["sql", "chat"]',
        '"Routed" in type',
        "not data.nothing",
        "data.none == None",
        'data.missing == 1 or partitionkey == "s"',
    ],
)
def test_a_condition_holds(text: str) -> None:
    assert condition(text)(EVENT)


@pytest.mark.parametrize(
    "text",
    [
        'type == "RequestRefused"',
        "data.confidence > 0.5",
        "data.missing < 5",
        "data.missing != 5",
        'data.confidence < "x"',
        "1 in data.confidence",
        "data.candidates[7]",
        "data.none",
    ],
)
def test_a_condition_does_not_hold(text: str) -> None:
    assert not condition(text)(EVENT)


@pytest.mark.parametrize(
    "text", ["", "type =", "type = 1", "open('x')", "[x for x in data]", "lambda: 1", "a + b",
             "f'{type}'", "(" * 500 + "1" + ")" * 500, "x" * 2_000, "a := 1"],
)  # fmt: skip
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        condition(text)
