"""However the work is cut up, whoever does it and however often it is begun anew: one outcome."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.memory.decider import MEMORY_DECIDER, memory_id
from processors.router.decider import ROUTER
from processors.tuner.decider import COMPARE_EVERY, TUNER
from processors.tuner.state import REFIT_EVERY
from streams.events import memory as m
from streams.events import sessions as s
from streams.events import tuning as t
from streams.ids import CapabilityId, ModelName, RunId, derived
from streams.io.standing import AnyDecider
from streams.topics import GRID_KEY, ROUTER_KEY
from tests.unit.processors.any_order import Outcome, Step, Told, schedules, worked
from tests.unit.processors.meanings import ENCODER, around, directions
from tests.unit.processors.memory import stream as scope
from tests.unit.processors.router.routed import ADOPTED, CAPABILITIES, LABELS
from tests.unit.processors.tuner.lessons import Grid, examples, feedback

PARTITIONS = 2
MEANS = directions(LABELS + 2)
TEXTS = ("where is it", "and yesterday's?", "a longer text that says what it is about", "stop")


def requests(partition: int) -> list[Told]:
    """Return sixty requests of five sessions, facts of the grid in between."""
    ask = s.PolicyAdopted(unsure=t.Unsure.ASK, threshold=0.6)
    refuse = s.PolicyAdopted(unsure=t.Unsure.REFUSE, threshold=0.5)
    facts = [*CAPABILITIES[:6], ask, *CAPABILITIES[6:], ADOPTED, refuse]
    told = list[Told]()
    for number in range(60):
        if number % 3 == 0:
            named = facts[number // 3 : number // 3 + 1]
            told += [Told(GRID_KEY, fact, f"{partition}-fact-{number}") for fact in named]
        point = around(MEANS[number * 5 % len(MEANS)], 1, number, spread=0.2)[0]
        request = s.TextPerceived(
            run_id=RunId(f"run-{number}"), text=TEXTS[number % 4], scopes=(), encoder=ENCODER,
            vector=point,
        )  # fmt: skip
        told.append(Told(f"session-{number % 5}", request, f"{partition}-request-{number}"))
    return told


def lessons(partition: int) -> list[Told]:
    """Return what the tuner hears until weights were promoted by evidence, and taken back.

    Trainings and comparisons answer with what they made of the undisturbed stream.
    """
    grid = Grid()
    for label in range(4):
        grid.say(examples(label + partition))
    for number in range(REFIT_EVERY + COMPARE_EVERY if partition == 0 else 20):
        meant = CapabilityId(f"label-{number % 4 + partition:03d}")
        grid.say(feedback(number * 8 + number % 4 + partition, label=meant))
    grid.say(feedback(1, vector=b""))
    grid.say(t.RollbackRequested(reason="asked to"))
    grid.say(examples(1 + partition, version=2))
    return [Told(ROUTER_KEY, e.event, e.event_id) for e in grid.log if type(e.event) in TUNER.reads]


def offers(partition: int) -> list[Told]:
    """Return what three scopes are told: the same again, facts of few keys, and times to live.

    Some are found to be near others, and judged, also where nobody asked for it.
    """
    chance = random.Random(partition)
    told, facts = list[Told](), list[tuple[str, m.Content]]()
    for number in range(90):
        key, text = f"user:{chance.randrange(3)}", f"It is {chance.randrange(9)} o'clock"
        at_ms = chance.choice([None, *range(5)])
        fact = scope.fact(chance.choice(["", "a.time", "b.time"]), text, at_ms)
        made = chance.choice([scope.passage(text.upper()), scope.turn(text, at_ms or 0), fact])
        offered = scope.offered(made, chance.choice([None, None, 1, 30]))
        told.append(Told(key, offered, f"{partition}-offer-{number}"))
        facts.append((key, fact))
        told.append(Told(key, scope.offered(fact), f"{partition}-fact-{number}"))
        content, other = fact, chance.choice([said for at, said in facts if at == key])
        newer, older = memory_id(key, content), memory_id(key, other)
        like = m.Like(memory_id=older, cosine=chance.choice([0.4, 0.6, 0.95]), content=other)
        judge = ModelName(chance.choice(["", "judge"]))
        found = m.LikenessFound(memory_id=newer, content=content, like=(like,), judge=judge)
        made_of_it = m.JudgementMade(
            judgement_id=derived(newer, older, "judgement"), memory_id=newer, other_id=older,
            relation=chance.choice(list(m.Relation)), said="",
        )  # fmt: skip
        told.append(Told(key, found, f"{partition}-like-{number}"))
        told.append(Told(key, made_of_it, f"{partition}-judged-{number}"))
        if number % 7 == 6:
            forgotten = scope.forget(memory_id(key, made))
            told.append(Told(key, forgotten, f"{partition}-forget-{number}"))
    return told


STREAMS = {ROUTER: requests, TUNER: lessons, MEMORY_DECIDER: offers}
DECIDERS = pytest.mark.parametrize("decider", STREAMS, ids=lambda decider: str(decider.name))


@cache
def streams(decider: AnyDecider) -> list[list[Told]]:
    return [STREAMS[decider](partition) for partition in range(PARTITIONS)]


@cache
def undisturbed(decider: AnyDecider) -> Outcome:
    """Return what one worker decides that reads each partition whole."""
    whole = [Step(p, 0, 10_000, 100_000, killed=False) for p in range(PARTITIONS)]
    return worked(decider, streams(decider), whole)


@DECIDERS
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_batches_workers_and_restarts_change_neither_decisions_nor_states(
    decider: AnyDecider, data: st.DataObject
) -> None:
    steps = data.draw(schedules(PARTITIONS))
    assert worked(decider, streams(decider), steps) == undisturbed(decider)


@DECIDERS
def test_nearly_every_kind_of_decision_is_made(decider: AnyDecider) -> None:
    assert set(decider.writes) - undisturbed(decider).kinds <= {
        t.EvidenceWeighed,
        t.WeightsRejected,
        t.RollbackRefused,
    }
