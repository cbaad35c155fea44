"""Feedback is joined with the request it is about, or refused with a reason."""

import asyncio
from collections.abc import Sequence, Set
from typing import Any

import pytest

from processors.tuner.hearing import Hearing
from streams.envelope import Envelope
from streams.events.sessions import (
    Candidate,
    ClarificationAsked,
    RequestRefused,
    RequestRouted,
    TextPerceived,
)
from streams.events.tuning import (
    FeedbackGiven,
    FeedbackOffered,
    FeedbackRefused,
    ForkJudged,
    Verdict,
)
from streams.ids import CapabilityId, RunId
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import ENCODER, vector

RUN = RunId("run-1")
SQL, MAIL = CapabilityId("sql"), CapabilityId("mail")
PERCEIVED = TextPerceived(
    run_id=RUN, text="how many?", scopes=(), encoder=ENCODER, vector=vector([1.0])
)
ROUTED = RequestRouted(
    run_id=RUN, capability=SQL, confidence=0.9, runner_up=None, margin=1.0, propensity=1.0,
    router_version="v", candidates=(), reason="",
)  # fmt: skip
REFUSED = RequestRefused(run_id=RUN, reason="none_of_these", detail="")
ASKED = ClarificationAsked(
    run_id=RUN, text="?", confidence=0.2, router_version="v",
    candidates=(Candidate(capability=SQL, score=0.4),),
)  # fmt: skip


class Recorded:
    """The runs and forks of a log."""

    def __init__(self, *events: Any, forks: Set[RunId] = frozenset()) -> None:
        self._events = [enveloped(event) for event in events]
        self._forks = forks

    def events(
        self, run_ids: Sequence[RunId], kinds: Sequence[type]
    ) -> dict[RunId, list[Envelope[Any]]]:
        return {run: [e for e in self._events if e.run_id == run] for run in run_ids}

    def forks(self, names: Sequence[RunId]) -> Set[RunId]:
        return self._forks & {*names}


def heard(runs: Recorded, verdict: Verdict, label: Any = None, *, none: bool = False) -> Any:
    offered = FeedbackOffered(run_id=RUN, verdict=verdict, label=label, none_of_these=none)
    (outcome,) = asyncio.run(Hearing(runs).perform([enveloped(offered)]))
    return outcome


@pytest.mark.parametrize(
    ("decision", "said", "expected"),
    [
        (ROUTED, (Verdict.RIGHT, None), (SQL, SQL, False)),
        (ROUTED, (Verdict.WRONG, None), (SQL, None, False)),
        (ROUTED, (Verdict.WRONG, MAIL), (SQL, MAIL, False)),
        (REFUSED, (Verdict.RIGHT, None), (None, None, True)),
        (ASKED, (Verdict.PICKED, MAIL), (None, MAIL, False)),
    ],
    ids=["right", "wrong", "corrected", "rightly refused", "picked"],
)
def test_a_verdict_is_completed_from_the_run(
    decision: Any, said: tuple[Verdict, Any], expected: tuple[Any, Any, bool]
) -> None:
    given = heard(Recorded(PERCEIVED, decision), *said)
    assert isinstance(given, FeedbackGiven)
    assert (given.chosen, given.label, given.none_of_these) == expected
    assert (given.text, given.encoder, given.vector) == ("how many?", ENCODER, vector([1.0]))


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        (Recorded(), "unknown_run"),
        (Recorded(PERCEIVED), "not_decided"),
        (Recorded(ROUTED), "not_decided"),
    ],
    ids=["unknown", "still open", "asked for by name"],
)
def test_feedback_about_no_decision_by_meaning_is_refused(runs: Recorded, reason: str) -> None:
    refused = heard(runs, Verdict.RIGHT)
    assert isinstance(refused, FeedbackRefused)
    assert refused.reason == reason
    assert RUN in refused.detail


@pytest.mark.parametrize("verdict", Verdict)
def test_feedback_on_a_fork_is_noted_and_is_no_lesson(verdict: Verdict) -> None:
    fork = RunId("fork-1")
    said = [
        FeedbackOffered(run_id=name, verdict=verdict, label=None, none_of_these=False)
        for name in (fork, RUN)
    ]
    hearing = Hearing(Recorded(PERCEIVED, ROUTED, forks={fork}))
    judged, given = asyncio.run(hearing.perform([enveloped(each) for each in said]))
    assert judged == ForkJudged(run_id=fork, verdict=verdict)
    assert isinstance(given, FeedbackGiven)
