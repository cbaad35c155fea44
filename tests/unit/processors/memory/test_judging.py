"""Memories that are near each other: proposed, judged, and let go of only by a judgement."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.memory.decider import MEMORY_DECIDER, memory_id
from processors.memory.judging import JUDGED_MAX
from processors.memory.scope import Scope
from streams.events.memory import (
    Content,
    JudgementMade,
    JudgementRequested,
    Like,
    LikenessFound,
    MemoryRecorded,
    MemorySuperseded,
    MergeProposed,
    Relation,
)
from streams.ids import MemoryId, ModelName, derived
from tests.unit.processors.memory.stream import (
    SCOPE,
    Stream,
    envelope,
    fact,
    forget,
    offered,
    passage,
    turn,
)

ROME, PARIS = fact("", "Ada lives in Rome"), fact("", "Ada moved to Paris in 2024")
JUDGE, NOBODY = ModelName("judge"), ModelName("")


def known(content: Content) -> MemoryId:
    return memory_id(SCOPE, content)


def near(
    content: Content, *others: Content, cosine: float = 0.7, judge: ModelName = JUDGE
) -> LikenessFound:
    like = tuple(Like(memory_id=known(o), cosine=cosine, content=o) for o in others)
    return LikenessFound(memory_id=known(content), content=content, like=like, judge=judge)


def judged(newer: Content, older: Content, relation: Relation) -> JudgementMade:
    name = derived(known(newer), known(older), "judgement")
    return JudgementMade(
        judgement_id=name, memory_id=known(newer), other_id=known(older), relation=relation, said=""
    )


def question(newer: Content, older: Content) -> JudgementRequested:
    return JudgementRequested(
        judgement_id=derived(known(newer), known(older), "judgement"),
        model=JUDGE,
        memory_id=known(newer),
        other_id=known(older),
        content=newer,
        other=older,
    )


def gone(old: Content, by: Content, of: JudgementMade, key: str = "") -> MemorySuperseded:
    return MemorySuperseded(memory_id=known(old), by=known(by), key=key, judgement=of.judgement_id)


def holding(*contents: Content) -> Stream:
    stream = Stream()
    for content in contents:
        stream.tell(offered(content))
    return stream


def test_a_judge_is_asked_about_facts_that_are_near() -> None:
    assert holding(ROME, PARIS).tell(near(PARIS, ROME)) == (question(PARIS, ROME),)


def test_without_a_judge_nearness_alone_leads_to_nothing() -> None:
    assert holding(ROME, PARIS).tell(near(PARIS, ROME, judge=NOBODY)) == ()


def test_what_seems_to_be_said_twice_is_proposed_and_both_hold() -> None:
    again = fact("", "In Rome lives Ada")
    stream = holding(ROME, again)
    proposed = MergeProposed(memory_id=known(again), other_id=known(ROME), cosine=0.95)
    assert stream.tell(near(again, ROME, cosine=0.95, judge=NOBODY)) == (proposed,)
    assert stream.state.is_live(known(ROME))
    assert stream.state.is_live(known(again))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (fact("", "It is due on 3 May"), fact("", "It is due on 4 May")),
        (turn("I ran today", 1), turn("I ran today!", 2)),
        (fact("", "Tea is at four"), passage("Tea is at four o'clock")),
        (fact("a.b", "Tea is at four"), fact("a.c", "Tea is at four o'clock")),
    ],
    ids=["other numbers", "turns", "other kinds", "two keys"],
)
def test_what_is_not_the_same_by_rule_is_never_proposed(one: Content, other: Content) -> None:
    assert holding(one, other).tell(near(other, one, cosine=0.99, judge=NOBODY)) == ()


def test_what_a_fact_replaces_by_judgement_holds_no_more() -> None:
    stream = holding(ROME, PARIS)
    stream.tell(near(PARIS, ROME))
    verdict = judged(PARIS, ROME, Relation.REPLACES)
    assert stream.tell(verdict) == (gone(ROME, PARIS, verdict),)
    assert not stream.state.is_live(known(ROME))
    assert stream.tell(verdict) == ()


def test_of_two_that_say_the_same_the_older_stays_unless_it_ends_earlier() -> None:
    verdict = judged(PARIS, ROME, Relation.SAME)
    stream = holding(ROME, PARIS)
    stream.tell(near(PARIS, ROME))
    assert stream.tell(verdict) == (gone(PARIS, ROME, verdict),)
    stream = Stream()
    stream.tell(offered(ROME, ttl_ms=1_000))
    stream.tell(offered(PARIS))
    stream.tell(near(PARIS, ROME))
    assert stream.tell(verdict) == (gone(ROME, PARIS, verdict),)


def test_what_is_different_stays() -> None:
    stream = holding(ROME, PARIS)
    stream.tell(near(PARIS, ROME))
    assert stream.tell(judged(PARIS, ROME, Relation.DIFFERENT)) == ()


def test_a_judgement_that_nobody_asked_for_changes_nothing() -> None:
    stream = holding(ROME, PARIS)
    assert stream.tell(judged(PARIS, ROME, Relation.REPLACES)) == ()
    stream.tell(near(PARIS, ROME))
    assert stream.tell(judged(ROME, PARIS, Relation.REPLACES)) == ()


def test_the_older_is_told_by_when_it_was_said_not_by_when_it_came() -> None:
    paris, rome = replace(PARIS, said_at_ms=20), replace(ROME, said_at_ms=10)
    assert holding(paris, rome).tell(near(rome, paris)) == (question(paris, rome),)


def test_a_pair_is_judged_once_and_only_the_nearest_are() -> None:
    others = [fact("", f"Ada lives in {n}") for n in range(JUDGED_MAX + 2)]
    stream = holding(*others, PARIS)
    asked = stream.tell(near(PARIS, *others))
    assert len(asked) == JUDGED_MAX
    assert stream.tell(near(PARIS, *[o for o in others if question(PARIS, o) in asked])) == ()


def test_what_has_two_keys_is_left_to_them_and_what_has_one_is_judged() -> None:
    keyed = fact("ada.city", "Ada lives in Rome")
    assert holding(keyed, fact("ada.job", "x")).tell(near(fact("ada.job", "x"), keyed)) == ()
    stream = holding(keyed, PARIS)
    assert stream.tell(near(PARIS, keyed)) == (question(PARIS, keyed),)
    verdict = judged(PARIS, keyed, Relation.REPLACES)
    assert stream.tell(verdict) == (gone(keyed, PARIS, verdict, "ada.city"),)
    oslo = fact("ada.city", "Ada lives in Oslo", at_ms=0)
    assert isinstance(stream.tell(offered(oslo))[1], MemorySuperseded), "an older one came late"


def test_what_was_forgotten_meanwhile_is_not_brought_into_it() -> None:
    stream = holding(ROME, PARIS)
    stream.tell(near(PARIS, ROME))
    stream.tell(forget(known(PARIS)))
    assert stream.tell(judged(PARIS, ROME, Relation.REPLACES)) == ()
    assert stream.tell(near(PARIS, ROME)) == ()


# -- whatever is said, in whatever order: no scope loses what only another one's events speak of

SCOPES = ("user:ada", "user:bob")
TEXTS = [fact(key, f"{word} is at {hour}") for key in ("", "a.b") for word in "xy" for hour in "34"]
IDS = [memory_id(scope, content) for scope in SCOPES for content in TEXTS]
EVENTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(offered, st.sampled_from(TEXTS), st.sampled_from([None, 5])),
    st.builds(
        LikenessFound,
        memory_id=st.sampled_from(IDS),
        content=st.sampled_from(TEXTS),
        like=st.lists(
            st.builds(
                Like,
                memory_id=st.sampled_from(IDS),
                cosine=st.sampled_from([0.3, 0.7, 0.95]),
                content=st.sampled_from(TEXTS),
            ),
            max_size=3,
        ).map(tuple),
        judge=st.sampled_from([JUDGE, NOBODY]),
    ),
    st.builds(
        JudgementMade,
        judgement_id=st.just("j"),
        memory_id=st.sampled_from(IDS),
        other_id=st.sampled_from(IDS),
        relation=st.sampled_from(Relation),
        said=st.just(""),
    ),
)


@given(st.lists(st.tuples(st.sampled_from(SCOPES), EVENTS), max_size=60))
@settings(max_examples=300, deadline=None)
def test_only_an_asked_judgement_or_a_key_ends_a_memory_and_no_scope_touches_another(
    told: list[tuple[str, Any]],
) -> None:
    states = dict.fromkeys(SCOPES, Scope())
    recorded: dict[str, set[MemoryId]] = {scope: set() for scope in SCOPES}
    asked = set[tuple[MemoryId, MemoryId]]()
    for offset, (scope, event) in enumerate(told):
        cause = envelope(event, offset, offset)._replace(key=scope)
        for decided in MEMORY_DECIDER.decide(states[scope], cause, None):
            match decided:
                case MemoryRecorded(memory_id=made):
                    recorded[scope].add(made)
                case MemorySuperseded(memory_id=old, by=by, key=key, judgement=judgement):
                    assert {old, by} <= recorded[scope]
                    assert bool(judgement) == isinstance(event, JudgementMade)
                    assert key or judgement or isinstance(event, type(offered(ROME)))
                    if judgement:
                        assert (event.memory_id, event.other_id) in asked
                        assert event.relation is not Relation.DIFFERENT
                case JudgementRequested(memory_id=newer, other_id=older):
                    assert isinstance(event, LikenessFound)
                    assert event.judge
                    assert {newer, older} <= recorded[scope]
                    asked.add((newer, older))
                case MergeProposed(memory_id=newer, other_id=older):
                    assert {newer, older} <= recorded[scope]
                case _:
                    pass
            states[scope] = MEMORY_DECIDER.evolve(states[scope], decided)
