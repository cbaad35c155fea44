"""Hearing: what someone says of a run is joined with what the router knew when it decided.

What is said of a fork is noted apart: the router decided nothing there, and is to learn nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from processors.effects import Waits
from processors.tuner.ports import Runs
from streams.envelope import Envelope
from streams.events.sessions import (
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
from streams.ids import ProcessorName
from streams.topics import TUNING, Topic

DECISIONS = (RequestRouted, RequestRefused, ClarificationAsked)
Heard = FeedbackGiven | ForkJudged | FeedbackRefused


class Hearing(Waits):
    """Looks the run or fork up in the log; feedback in one stream is heard in order."""

    name, version = ProcessorName("hearing"), 2
    topic: Topic = TUNING
    reads: tuple[type, ...] = (FeedbackOffered,)
    writes: tuple[type, ...] = (FeedbackGiven, ForkJudged, FeedbackRefused)
    batch_max = 250

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def perform(self, causes: Sequence[Envelope[FeedbackOffered]]) -> Sequence[Any]:
        """Complete each feedback, or refuse it."""
        return await asyncio.to_thread(self._heard, [cause.event for cause in causes])

    def _heard(self, said: Sequence[FeedbackOffered]) -> list[Heard]:
        names = list(dict.fromkeys(offered.run_id for offered in said))
        forks = self._runs.forks(names)
        runs = [name for name in names if name not in forks]
        events = self._runs.events(runs, (TextPerceived, *DECISIONS)) if runs else {}
        return [
            ForkJudged(run_id=offered.run_id, verdict=offered.verdict)
            if offered.run_id in forks
            else completed(offered, [envelope.event for envelope in events[offered.run_id]])
            for offered in said
        ]


def completed(offered: FeedbackOffered, events: Sequence[Any]) -> FeedbackGiven | FeedbackRefused:
    """Join feedback with the events of its run."""
    perceived = next((e for e in events if isinstance(e, TextPerceived)), None)
    decision = next((e for e in events if isinstance(e, DECISIONS)), None)
    if perceived is None or decision is None:
        return _refused(offered, known=bool(events))
    chosen = decision.capability if isinstance(decision, RequestRouted) else None
    label, none = offered.label, offered.none_of_these
    if offered.verdict is Verdict.RIGHT:
        label, none = chosen, chosen is None
    return FeedbackGiven(
        run_id=offered.run_id,
        text=perceived.text,
        encoder=perceived.encoder,
        vector=perceived.vector,
        chosen=chosen,
        label=label,
        none_of_these=none,
        verdict=offered.verdict,
    )


def _refused(offered: FeedbackOffered, *, known: bool) -> FeedbackRefused:
    run = offered.run_id
    if known:
        return FeedbackRefused(
            run_id=run, reason="not_decided", detail=f"run {run} was not routed by its meaning"
        )
    return FeedbackRefused(
        run_id=run, reason="unknown_run", detail=f"no run or fork {run} is in the log"
    )
