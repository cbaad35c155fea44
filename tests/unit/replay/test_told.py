"""What people said of a run is worth what they meant, whoever was chosen, or nobody."""

import pytest

from replay.figures import Told
from replay.judged import told_by
from streams.events.tuning import FeedbackGiven, Verdict
from streams.ids import CapabilityId, RunId


def given(
    verdict: Verdict, chosen: str | None, label: str | None = None, *, none: bool = False
) -> FeedbackGiven:
    return FeedbackGiven(
        run_id=RunId("run"),
        text="",
        encoder="",
        vector=b"",
        chosen=CapabilityId(chosen) if chosen else None,
        label=CapabilityId(label) if label else None,
        none_of_these=none,
        verdict=verdict,
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (given(Verdict.RIGHT, "gray", "gray"), Told(1.0, "gray")),
        (given(Verdict.RIGHT, None, none=True), Told(1.0, "")),
        (given(Verdict.WRONG, "gray"), Told(0.0, None)),
        (given(Verdict.WRONG, "gray", "blue"), Told(0.0, "blue")),
        (given(Verdict.WRONG, "gray", none=True), Told(0.0, "")),
        (given(Verdict.WRONG, None, "blue"), Told(0.0, "blue")),
        (given(Verdict.PICKED, None, "blue"), Told(0.0, "blue")),
    ],
)
def test_it_is_worth_so_much(said: FeedbackGiven, told: Told) -> None:
    assert told_by(said) == told
