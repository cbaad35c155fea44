"""Hearing: what someone says of a run is joined with what the router knew when it decided."""

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
from streams.events.tuning import FeedbackGiven, FeedbackOffered, FeedbackRefused, Verdict
from streams.ids import ProcessorName
from streams.topics import TUNING, Topic

DECISIONS = (RequestRouted, RequestRefused, ClarificationAsked)


class Hearing(Waits):
    """Looks the run up in the log; feedback in one stream is heard in order."""

    name, version = ProcessorName("hearing"), 1
    topic: Topic = TUNING
    reads: tuple[type, ...] = (FeedbackOffered,)
    writes: tuple[type, ...] = (FeedbackGiven, FeedbackRefused)
    batch_max = 250

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def perform(self, causes: Sequence[Envelope[FeedbackOffered]]) -> Sequence[Any]:
        """Complete each feedback, or refuse it."""
        return await asyncio.to_thread(self._heard, [cause.event for cause in causes])

    def _heard(self, said: Sequence[FeedbackOffered]) -> list[FeedbackGiven | FeedbackRefused]:
        runs = list(dict.fromkeys(offered.run_id for offered in said))
        events = self._runs.events(runs, (TextPerceived, *DECISIONS))
        return [
            completed(offered, [envelope.event for envelope in events[offered.run_id]])
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
    return FeedbackRefused(run_id=run, reason="unknown_run", detail=f"no run {run} is in the log")
