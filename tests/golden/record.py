"""Records what is not recorded yet: `python -m tests.golden.record`, then commit what it wrote.

It writes a line for every event whose schema changed, another history if a decider has a version
that decided in none, and the hash of every new version of a decider. It never changes a line that
is there.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from processors.deciders import DECIDERS
from processors.memory.decider import memory_id
from streams.envelope import Envelope
from streams.events import memory as m
from streams.events import registry as r
from streams.events import sessions as s
from streams.events import tuning as t
from streams.events.series import Point
from streams.ids import EventId, ProcessorName, RunId, derived
from streams.io import schemas
from streams.io.codec import PREFIX, Codec
from streams.io.compiled import compile_for
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.wire import Author, Wire
from streams.ledger import Ledger
from streams.log import Draft
from streams.plain import form_of
from streams.topics import (
    EVENT_TOPICS,
    GRID_KEY,
    MEMORY,
    OBSERVATIONS,
    REGISTRY,
    SESSIONS,
    SUBSCRIPTIONS,
    TUNING,
    Topic,
)
from tests import examples as x
from tests.fakes import NumberedRegistry
from tests.golden import golden

AT_MS = 1_700_000_000_000


def record_events() -> None:
    """Add a line for every schema that is not among the released ones."""
    known = golden.released()
    with golden.EVENTS.open("a", encoding="utf-8") as file:
        for kind in schemas.event_classes():
            versions = [one for one in known if one.event == kind.__name__]
            schema = golden.current(kind)
            if golden.canonical(schema) in {one.canonical for one in versions}:
                continue
            example = x.EVENTS[kind.__name__]
            line = {
                "event": kind.__name__,
                "version": len(versions) + 1,
                "schema": schema,
                "bytes": golden.packed(compile_for(kind).write(example)),
                "says": form_of(kind).dump(example),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


# -- a history: what clients sent and effects found, and what the real deciders made of it


def sent() -> Iterator[tuple[Topic, str, Any]]:
    """Yield what came from outside."""
    offered = r.CapabilityOffered(card=x.CARD)
    yield REGISTRY, x.ANSWER, offered
    yield REGISTRY, x.ANSWER, offered  # nothing new
    yield REGISTRY, "retired", offered
    yield REGISTRY, "retired", r.WithdrawalRequested(reason="nobody asks")
    yield REGISTRY, "silent", r.CapabilityOffered(card=_said(x.CARD, description=" "))
    yield MEMORY, x.SCOPE, m.MemoryOffered(content=x.CONTENT)
    yield MEMORY, x.SCOPE, m.MemoryOffered(content=x.CONTENT)
    yield MEMORY, x.SCOPE, m.MemoryOffered(content=_said(x.CONTENT, text=""))
    yield from _alike()
    yield SESSIONS, GRID_KEY, x.EVENTS["CapabilityAdopted"]
    yield SESSIONS, GRID_KEY, _said(x.EVENTS["CapabilityDropped"], capability="retired")
    yield SESSIONS, GRID_KEY, _said(x.EVENTS["SubscriptionAdopted"], encoder=x.ENCODER)
    for number, model in enumerate(("aether", "aether", x.MODEL, "nobody", "aether")):
        asked = _said(x.EVENTS["RequestReceived"], run_id=f"run-{number}", model=model)
        yield SESSIONS, f"session-{number % 2}", asked
    yield SESSIONS, "session-0", s.CancellationRequested(run_id=RunId("run-4"))
    offer = _said(x.EVENTS["SubscriptionOffered"], sentence="engines that weave")
    yield SUBSCRIPTIONS, "loom", offer
    yield SUBSCRIPTIONS, "loom", _said(offer, sentence="")
    yield SUBSCRIPTIONS, "loom", _said(x.EVENTS["SubscriptionCancelled"], sentence=offer.sentence)
    for capability in (x.ANSWER, "chat"):
        learned = _said(x.EVENTS["ExamplesLearned"], capability=capability, encoder=x.ENCODER)
        yield TUNING, "router", _said(learned, vectors=(x.NEAR, x.FAR))
    given = _said(x.EVENTS["FeedbackGiven"], encoder=x.ENCODER, chosen=x.ANSWER, label=None)
    yield TUNING, "router", given
    yield TUNING, "router", _said(given, encoder="another")
    yield TUNING, "router", x.EVENTS["RollbackRequested"]
    for second, members in enumerate((1, 0, 0)):
        at_ms = AT_MS + second * 10_000
        sampled = _said(x.EVENTS["LagSampled"], at_ms=at_ms, members=members)
        yield OBSERVATIONS, sampled.group, sampled
    counted = _said(x.EVENTS["CallsCounted"], target="model/gpt", answered=0, failed=5, refused=0)
    yield OBSERVATIONS, counted.target, counted
    for sample in range(52):
        seen = ("events/old", "events/new")[: 1 + sample // 51]
        counts = tuple([Point(series=name, value=1.0) for name in seen])
        changes = {"at_ms": AT_MS + sample * 10_000, "points": (), "counts": counts}
        yield OBSERVATIONS, "meter", _said(x.EVENTS["SeriesSampled"], **changes)


def _alike() -> Iterator[tuple[Topic, str, Any]]:
    """Yield three facts that are near each other, as they are found to be."""
    fact = _said(x.CONTENT, kind=m.Kind.FACT, said_at_ms=None)
    facts = [_said(fact, text=text) for text in ("Tea is at 4", "At 4 tea is", "Tea is at 5")]
    ids = [memory_id(x.SCOPE, content) for content in facts]
    for content in facts:
        yield MEMORY, x.SCOPE, m.MemoryOffered(content=content)
    for at, cosine in ((1, 0.96), (2, 0.8)):
        like = (m.Like(memory_id=ids[0], cosine=cosine, content=facts[0]),)
        told = {"memory_id": ids[at], "content": facts[at], "like": like, "judge": x.MODEL}
        yield MEMORY, x.SCOPE, m.LikenessFound(**told)


def _said(event: Any, **changes: Any) -> Any:
    return replace(event, **changes)


def effects(event: Any) -> list[Any]:
    """Return what effects find, the second run's model excepted: it is away."""
    match event:
        case s.RequestReceived(run_id=run):
            return [_said(x.EVENTS["TextPerceived"], run_id=run)]
        case s.TextPerceived(run_id=run):
            return [_said(x.EVENTS["ContextRecalled"], run_id=run)]
        case s.InferenceRequested(run_id=run) if run.endswith("1"):
            return [_said(x.EVENTS["InferenceFailed"], run_id=run)]
        case s.InferenceRequested(run_id=run):
            return [_said(x.EVENTS["InferenceCompleted"], run_id=run)]
        case m.JudgementRequested(judgement_id=name, memory_id=known, other_id=other):
            made = {"judgement_id": name, "memory_id": known, "other_id": other}
            return [_said(x.EVENTS["JudgementMade"], relation=m.Relation.REPLACES, **made)]
        case t.TrainingRequested(training_id=training):
            return [_said(x.EVENTS["WeightsTrained"], training_id=training)]
        case _:
            return []


def play(append: Callable[[Draft], None], log: MemoryLog, wire: Wire) -> None:
    """Let the deciders decide until nothing is left to be decided."""
    for number, (topic, key, event) in enumerate(sent()):
        root = wire.root(
            event, component="golden", topic=topic.name, key=key, at_ms=AT_MS,
            event_id=EventId(derived("golden", number)),
        )  # fmt: skip
        append(root._replace(partition=0))
    found = Author(wire, ProcessorName("golden"), 1)
    for topic in EVENT_TOPICS:
        deciders = [d for d in DECIDERS if d.topic is topic]
        ledgers, grids = [Ledger(d) for d in deciders], [d.grid.initial for d in deciders]
        at = 0
        while at < log.span(topic.name, 0).end:
            cause: Envelope[Any] = wire.open(golden.records(log, topic.name)[at])
            for n, decider in enumerate(deciders):
                if type(cause.event) in decider.grid.reads:
                    grids[n] = decider.grid.evolve(grids[n], cause.event)
                if type(cause.event) in decider.reads:
                    decided = ledgers[n].decide(cause, grids[n]) or ()
                    author = Author(wire, decider.name, decider.version)
                    for draft in author.decision(cause, decided):
                        append(draft)
            for event in effects(cause.event):
                append(found.outcome(cause, event))
            at += 1


def record_history() -> None:
    """Write another history, unless every decider's version has decided in one."""
    known = golden.histories()
    decided = set[str]().union(*map(golden.decided_in, known))
    if {f"{decider.name}/{decider.version}" for decider in DECIDERS} <= decided:
        return
    path = golden.HISTORY.with_stem(f"history-{len(known) + 1}") if known else golden.HISTORY
    codec = Codec(NumberedRegistry())
    for topic in EVENT_TOPICS:
        codec.learn(topic, register=True)
    log = MemoryLog(MemoryBroker({topic.name: 1 for topic in EVENT_TOPICS}))
    newest = {one.event: one.version for one in golden.released()}
    with path.open("x", encoding="utf-8") as file:

        def append(draft: Draft) -> None:
            log.append([draft], lambda _: None)
            log.flush(1)
            assert draft.value is not None
            assert draft.key is not None
            kind = codec.kind_of(draft.value)
            assert kind is not None
            line = {
                "topic": draft.topic,
                "key": draft.key.decode(),
                "headers": [[name, said.decode()] for name, said in draft.headers],
                "event": kind.__name__,
                "version": newest[kind.__name__],
                "bytes": golden.packed(draft.value[PREFIX.size :]),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

        play(append, log, Wire(codec, golden.NOWHERE))


def record_hashes() -> None:
    """Add the hash of every decider's version that has none."""
    log, wire = golden.recorded_log()
    known = golden.hashes()
    new = {golden.name_of(d): golden.folded(d, log, wire) for d in DECIDERS}
    golden.HASHES.write_text(json.dumps({**new, **known}, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    record_events()
    record_history()
    record_hashes()
