"""How a run is answered: plan and context meet, a model is asked, its answer ends the run.

A run ends exactly once. What comes late, twice or for no open run changes nothing.
"""

from typing import assert_never

from processors.orchestrator.plans import WAYS, Ways
from processors.orchestrator.runs import Run, Runs
from streams.decider import Decider
from streams.envelope import Envelope
from streams.events import sessions as s
from streams.ids import CapabilityId, InferenceId, ModelName, ProcessorName, RunId, derived
from streams.topics import SESSIONS

Inputs = (
    s.RequestReceived
    | s.PerceptionFailed
    | s.RequestRouted
    | s.RequestRefused
    | s.ClarificationAsked
    | s.ContextRecalled
    | s.RecallFailed
    | s.InferenceCompleted
    | s.InferenceFailed
)
Decided = (
    s.RunStarted
    | s.PlanMade
    | s.ContextAccepted
    | s.InferenceRequested
    | s.ResponseCompleted
    | s.RunFailed
)


def decide(state: Runs, cause: Envelope[Inputs], ways: Ways) -> tuple[Decided, ...]:
    """Take the run of an event one step further."""
    event = cause.event
    if isinstance(event, s.RequestReceived):
        return () if state.knows(event.run_id) else (_start(event),)
    run = state.open_run(event.run_id)
    if run is None:
        return ()
    match event:
        case s.RequestRouted():
            return _plan(run, event, ways)
        case s.ContextRecalled(passages=passages):
            return _accept(run, passages)
        case s.InferenceCompleted():
            return _complete(run, event)
        case s.RequestRefused(reason=reason, detail=detail):
            return (_fail(run.run_id, reason, detail),)
        case s.ClarificationAsked():
            return (_ask_back(event),)
        case s.PerceptionFailed(detail=detail):
            return (_fail(run.run_id, "perception_failed", detail),)
        case s.RecallFailed(detail=detail):
            return (_fail(run.run_id, "recall_failed", detail),)
        case s.InferenceFailed(reason=reason, detail=detail):
            return (_fail(run.run_id, reason, detail),) if run.asked == event.model else ()
        case _:
            assert_never(event)


def _start(event: s.RequestReceived) -> s.RunStarted:
    return s.RunStarted(
        run_id=event.run_id,
        text=event.text,
        messages=event.messages,
        options=event.options,
        stream=event.stream,
        remember_in=event.remember_in,
    )


def _plan(run: Run, event: s.RequestRouted, ways: Ways) -> tuple[Decided, ...]:
    if run.plan is not None:
        return ()
    way = ways.of(event.capability)
    if way is None:
        detail = f"{event.capability} was chosen, but is not in force here"
        return (_fail(run.run_id, "unknown_capability", detail),)
    plan = s.PlanMade(
        run_id=run.run_id, capability=way.capability, policy=way.policy, model=way.model
    )
    return (plan,) if run.passages is None else (plan, _ask(run, plan, run.passages))


def _accept(run: Run, passages: tuple[s.Passage, ...]) -> tuple[Decided, ...]:
    if run.passages is not None or run.asked is not None:
        return ()
    if run.plan is None:
        return (s.ContextAccepted(run_id=run.run_id, passages=passages),)
    return (_ask(run, run.plan, passages),)


def _ask(run: Run, plan: s.PlanMade, passages: tuple[s.Passage, ...]) -> s.InferenceRequested:
    return s.InferenceRequested(
        run_id=run.run_id,
        inference_id=InferenceId(derived(run.run_id, "inference", 0)),
        model=plan.model,
        text=run.request.text,
        messages=run.request.messages,
        passages=passages,
        options=run.request.options,
        stream=run.request.stream,
    )


def _complete(run: Run, event: s.InferenceCompleted) -> tuple[Decided, ...]:
    if run.plan is None or run.asked != event.model:
        return ()
    return (
        s.ResponseCompleted(
            run_id=run.run_id,
            text=event.text,
            citations=event.citations,
            capability=run.plan.capability,
            model=event.model,
            finish_reason=event.finish_reason,
            prompt_tokens=event.prompt_tokens,
            completion_tokens=event.completion_tokens,
            remember_in=run.request.remember_in,
        ),
    )


def _ask_back(event: s.ClarificationAsked) -> s.ResponseCompleted:
    """Answer with the router's question: the client asks again with what it meant."""
    return s.ResponseCompleted(
        run_id=event.run_id,
        text=event.text,
        citations=(),
        capability=CapabilityId("router"),
        model=ModelName("router"),
        finish_reason="stop",
        prompt_tokens=0,
        completion_tokens=0,
    )


def _fail(run_id: RunId, reason: str, detail: str) -> s.RunFailed:
    return s.RunFailed(run_id=run_id, reason=reason, detail=detail)


def evolve(state: Runs, event: Decided) -> Runs:
    """Keep what an open run needs, and forget it when it ends."""
    match event:
        case s.RunStarted():
            return state.with_run(Run(event.run_id, event))
        case s.PlanMade():
            return state.changed(event.run_id, plan=event)
        case s.ContextAccepted():
            return state.changed(event.run_id, passages=event.passages)
        case s.InferenceRequested():
            return state.changed(event.run_id, passages=None, asked=event.model)
        case s.ResponseCompleted() | s.RunFailed():
            return state.without(event.run_id)
        case _:
            assert_never(event)


ORCHESTRATOR: Decider[Runs, Inputs, Decided, Ways] = Decider(
    name=ProcessorName("orchestrator"),
    version=3,
    topic=SESSIONS,
    reads=(
        s.RequestReceived,
        s.PerceptionFailed,
        s.RequestRouted,
        s.RequestRefused,
        s.ClarificationAsked,
        s.ContextRecalled,
        s.RecallFailed,
        s.InferenceCompleted,
        s.InferenceFailed,
    ),
    writes=(
        s.RunStarted,
        s.PlanMade,
        s.ContextAccepted,
        s.InferenceRequested,
        s.ResponseCompleted,
        s.RunFailed,
    ),
    initial=Runs(),
    decide=decide,
    evolve=evolve,
    grid=WAYS,
)
