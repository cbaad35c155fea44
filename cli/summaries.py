"""An event in a few words, for people who look at many."""

from collections.abc import Callable
from typing import Any

from cli.output import on_one_line
from streams.events import (
    archive,
    chunks,
    forks,
    lag,
    matches,
    memory,
    probes,
    registry,
    responses,
    subscriptions,
    tuning,
)
from streams.events import healing as h
from streams.events import series as n
from streams.events import sessions as s

WORDS_MAX = 64


def summary_of(event: Any) -> str:
    """Return what matters of an event in one line."""
    told = _TOLD.get(type(event))
    text = on_one_line(told(event) if told else "")
    return text if len(text) <= WORDS_MAX else text[: WORDS_MAX - 1] + "…"


_TOLD: dict[type, Callable[[Any], str]] = {
    s.RequestReceived: lambda e: f"{e.text!r} to {e.model}",
    s.TextPerceived: lambda e: f"{len(e.vector) // 4} numbers by {e.encoder}",
    s.PerceptionFailed: lambda e: e.detail,
    s.CapabilityAdopted: lambda e: f"{e.capability} version {e.version}",
    s.CapabilityDropped: lambda e: f"{e.capability} version {e.version}",
    s.RequestRouted: lambda e: f"to {e.capability}: {e.reason}",
    s.RouterAdopted: lambda e: f"weights {e.version}",
    s.PolicyAdopted: lambda e: f"{e.unsure} below {e.threshold:.0%}",
    s.SubscriptionAdopted: lambda e: f"{e.node}: {e.sentence!r}",
    s.TextMatched: lambda e: ", ".join(f"{m.node} ({m.score:.2f})" for m in e.matches),
    s.ClarificationAsked: lambda e: ", ".join(c.capability for c in e.candidates),
    s.RequestRefused: lambda e: f"{e.reason}: {e.detail}",
    s.ContextRecalled: lambda e: f"{len(e.passages)} passages{_best(e.passages)}",
    s.RecallFailed: lambda e: e.detail,
    s.RunStarted: lambda e: f"{len(e.messages)} messages",
    s.PlanMade: lambda e: f"{e.policy}: {e.model} for {e.capability}",
    s.ContextAccepted: lambda e: f"{len(e.passages)} passages, before the plan",
    s.InferenceRequested: lambda e: f"{e.model}, with {len(e.passages)} passages",
    s.InferenceCompleted: lambda e: f"{e.finish_reason}, {e.completion_tokens} tokens: {e.text!r}",
    s.InferenceFailed: lambda e: f"{e.reason}: {e.detail}",
    s.ResponseCompleted: lambda e: f"{e.text!r}",
    s.CancellationRequested: lambda e: e.run_id,
    responses.ResponseHidden: lambda e: e.run_id,
    s.EmbeddingRequested: lambda e: f"{len(e.texts)} texts, for {e.model}",
    s.EmbeddingCompleted: lambda e: f"{len(e.vectors)} vectors by {e.encoder}",
    s.EmbeddingFailed: lambda e: f"{e.reason}: {e.detail}",
    s.RunFailed: lambda e: f"{e.reason}: {e.detail}",
    memory.MemoryOffered: lambda e: repr(e.content.text),
    memory.MemoryRecorded: lambda e: repr(e.content.text),
    memory.MemoryMerged: lambda e: f"into {e.memory_id}: {e.content.text!r}",
    memory.MemorySuperseded: lambda e: (
        f"{e.memory_id} by {e.by}{e.key and f', {e.key}'}{e.judgement and ', as judged'}"
    ),
    memory.ForgettingRequested: lambda e: f"{e.memory_id}: {e.reason}",
    memory.MemoryForgotten: lambda e: f"{e.memory_id}: {e.reason}",
    memory.MemoryExpired: lambda e: e.memory_id,
    memory.PerceptionRequested: lambda e: f"{e.memory_id} by {e.encoder}",
    memory.MemoryRefused: lambda e: f"{e.reason}: {e.detail}",
    memory.MemoryPerceived: lambda e: f"{len(e.vector) // 4} numbers by {e.encoder}",
    memory.LikenessFound: lambda e: f"{e.memory_id} is near {len(e.like)} others",
    memory.MergeProposed: lambda e: f"with {e.other_id}, cosine {e.cosine:.2f}",
    memory.JudgementRequested: lambda e: f"{e.model} on {e.other.text!r}",
    memory.JudgementMade: lambda e: f"{e.relation}: {e.said!r}",
    memory.JudgementFailed: lambda e: f"{e.reason}: {e.detail}",
    memory.RecallJudged: lambda e: f"{len(e.useful)} useful for {e.question!r}",
    registry.RecallWeightsAdopted: lambda e: f"{e.name}: {e.reason}",
    registry.CapabilityOffered: lambda e: e.card.description,
    registry.CapabilityRegistered: lambda e: f"version {e.version}",
    registry.CapabilityRefused: lambda e: f"{e.reason}: {e.detail}",
    h.HealingPolicySet: lambda e: (
        f"restarts {_allowed(e.restart)}, {e.workers_min} to {e.workers_max} workers,"
        f" breakers {_allowed(e.breakers)}"
    ),
    registry.WithdrawalRequested: lambda e: e.reason,
    registry.CapabilityWithdrawn: lambda e: f"version {e.version}: {e.reason}",
    h.TroubleNoted: lambda e: f"since {e.at_ms}",
    h.TroubleOver: lambda e: f"it works again, after {(e.at_ms - e.since_ms) / 1000:.0f} s",
    h.HealingRequested: lambda e: (
        f"{e.action.value} {e.target}{f' to {e.workers}' if e.workers else ''}: {e.reason}"
    ),
    h.HealingRefused: lambda e: f"{e.reason}: {e.detail}",
    h.HealingDone: lambda e: f"{e.action.value} {e.target}: {e.detail}",
    h.CallsCounted: lambda e: f"{e.answered} answered, {e.failed} failed, {e.refused} refused",
    h.BreakerOpened: lambda e: f"for {(e.until_ms - e.at_ms) / 1000:.0f} s: {e.reason}",
    h.BreakerClosed: lambda e: f"after {(e.at_ms - e.since_ms) / 1000:.0f} s: {e.reason}",
    n.SeriesSampled: lambda e: f"{len(e.points)} numbers, {len(e.counts)} counts",
    n.AnomalyDetected: lambda e: (
        f"{e.series} {e.unusual.value}, {e.value:.4g}, score {e.score:.1f}"
    ),
    n.AnomalyCleared: lambda e: f"{e.series} {e.unusual.value}",
    chunks.TextEmitted: lambda e: repr(e.text),
    chunks.CallEmitted: lambda e: f"{e.name}: {e.arguments!r}",
    archive.SegmentSealed: lambda e: f"{e.topic}/{e.partition} from {e.first} to {e.end}",
    forks.ForkMade: lambda e: f"of {e.origin}, {len(e.steps)} events of its own",
    registry.CapabilityPerceived: lambda e: f"version {e.version}, {len(e.vectors)} vectors",
    tuning.ExamplesLearned: lambda e: f"{len(e.vectors)} of {e.capability} version {e.version}",
    tuning.ExamplesDropped: lambda e: f"{e.capability} version {e.version}",
    tuning.ExamplesNoted: lambda e: f"{e.capability} version {e.version}",
    tuning.FeedbackGiven: lambda e: f"{e.verdict}: {e.chosen} for {e.text!r}",
    tuning.FeedbackAccepted: lambda e: e.run_id,
    tuning.ForkJudged: lambda e: f"{e.verdict}: {e.run_id}",
    tuning.TrainingSettled: lambda e: f"{e.candidate or 'nothing'} to be compared",
    tuning.ComparisonRequested: lambda e: f"{e.version} against {e.against or 'none'}",
    tuning.EvidenceWeighed: lambda e: f"{e.better} better, {e.worse} worse of {e.judged}",
    tuning.RollbackRequested: lambda e: e.reason,
    tuning.RollbackRefused: lambda e: e.detail,
    tuning.WeightsReleased: lambda e: f"{e.version}, {len(e.weights.labels)} capabilities",
    tuning.PolicySet: lambda e: f"{e.unsure} below {e.threshold:.2f}",
    subscriptions.SubscriptionOffered: lambda e: f"{e.sentence!r} from {e.threshold:.2f} on",
    subscriptions.SubscriptionCancelled: lambda e: repr(e.sentence),
    subscriptions.SubscriptionRegistered: lambda e: f"{e.sentence!r} version {e.version}",
    subscriptions.SubscriptionRefused: lambda e: f"{e.reason}: {e.detail}",
    subscriptions.SubscriptionOpened: lambda e: f"{e.sentence!r} version {e.version}",
    matches.MatchFound: lambda e: f"{e.score:.2f} to {e.sentence!r}: {e.text!r}",
    lag.LagSampled: lambda e: f"{e.phase.value}, {e.members} members, {len(e.topics)} topics",
    lag.LagVerdictChanged: lambda e: f"{e.before.value} to {e.status.value}{_wrong(e.partitions)}",
    probes.ProbeSent: lambda e: str(e.number),
    probes.ProbeAnswered: lambda e: f"{e.number}, sent at {e.sent_at_ms}",
    probes.ProbeLost: lambda e: f"{e.number}, after {e.waited_ms / 1000:.0f} s",
    tuning.FeedbackOffered: lambda e: f"{e.verdict} {e.label or ''}",
    tuning.FeedbackRefused: lambda e: f"{e.reason}: {e.detail}",
    tuning.TrainingRequested: lambda e: e.reason,
    tuning.WeightsTrained: lambda e: f"{e.version} from {e.lessons} lessons",
    tuning.TrainingFailed: lambda e: f"{e.reason}: {e.detail}",
    tuning.WeightsCompared: lambda e: f"{e.better} better, {e.worse} worse of {e.judged}",
    tuning.WeightsPromoted: lambda e: f"{e.version}: {e.reason}",
    tuning.WeightsRejected: lambda e: f"{e.version}: {e.reason}",
}


def _allowed(what: bool) -> str:
    return "allowed" if what else "not allowed"


def _best(passages: tuple[s.Passage, ...]) -> str:
    return f", the nearest {passages[0].score:.2f}: {passages[0].title}" if passages else ""


def _wrong(partitions: tuple[lag.PartitionVerdict, ...]) -> str:
    return "".join(f", {p.topic}/{p.partition} {p.verdict.value}" for p in partitions)
