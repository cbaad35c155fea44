"""A node hears of what comes near to its sentence, once, in the session's order."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from processors.perception.ports import Encoded
from processors.subscriptions.decider import ACTIVE_MAX, SENTENCE_MAX, SUBSCRIBER, Node
from processors.subscriptions.links import ANNOUNCING, DELIVERY
from processors.subscriptions.matcher import MATCHER, Interests, Matching
from processors.subscriptions.opening import Opening
from streams.events.matches import MatchFound
from streams.events.sessions import Match, SubscriptionAdopted, TextMatched, TextPerceived
from streams.events.subscriptions import (
    SubscriptionCancelled,
    SubscriptionOffered,
    SubscriptionOpened,
    SubscriptionRefused,
    SubscriptionRegistered,
)
from streams.ids import RunId
from streams.topics import GRID_KEY, Topic
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.meanings import ENCODER, SIZE, vector

NODE, SENTENCE = "billing", "invoices that are overdue"
OFFERED = SubscriptionOffered(sentence=SENTENCE, threshold=0.8)
REGISTERED = SubscriptionRegistered(sentence=SENTENCE, threshold=0.8, version=1, active=True)
ADOPTED = SubscriptionAdopted(
    node=NODE, sentence=SENTENCE, threshold=0.8, version=1, active=True, encoder=ENCODER,
    vector=vector([1.0]),
)  # fmt: skip


def subscribed(state: Node, event: Any, node: str = NODE) -> tuple[Any, ...]:
    return SUBSCRIBER.decide(state, enveloped(event, node), None)


def after(*events: Any) -> Node:
    state = Node()
    for event in events:
        state = SUBSCRIBER.fold(subscribed(state, event), state)
    return state


def perceived(point: bytes, run: str = "run-1", encoder: str = ENCODER) -> TextPerceived:
    return TextPerceived(run_id=RunId(run), text="text", scopes=(), encoder=encoder, vector=point)


def interests(*facts: SubscriptionAdopted) -> Interests:
    known = Interests()
    for fact in facts:
        known = MATCHER.grid.evolve(known, fact)
    return known


def matched(event: TextPerceived, known: Interests) -> tuple[TextMatched, ...]:
    return MATCHER.decide(Matching(), enveloped(event, "session"), known)


# -- subscribing


def test_a_wish_is_registered_once() -> None:
    assert subscribed(Node(), OFFERED) == (REGISTERED,)
    assert subscribed(after(OFFERED), OFFERED) == ()


def test_another_threshold_or_a_renewed_wish_makes_a_new_version() -> None:
    nearer = replace(OFFERED, threshold=0.9)
    assert subscribed(after(OFFERED), nearer) == (replace(REGISTERED, threshold=0.9, version=2),)
    cancelled = after(OFFERED, SubscriptionCancelled(sentence=SENTENCE))
    assert subscribed(cancelled, OFFERED) == (replace(REGISTERED, version=3),)


def test_what_is_cancelled_is_no_longer_in_force_and_can_be_cancelled_only_once() -> None:
    cancel = SubscriptionCancelled(sentence=SENTENCE)
    assert subscribed(after(OFFERED), cancel) == (replace(REGISTERED, version=2, active=False),)
    for state in (Node(), after(OFFERED, cancel)):
        (refused,) = subscribed(state, cancel)
        assert refused.reason == "unknown"


@pytest.mark.parametrize(
    ("node", "given", "reason"),
    [
        ("Upper", {}, "bad_node"),
        ("a.b", {}, "bad_node"),
        ("events", {}, "bad_node"),
        ("x" * 64, {}, "bad_node"),
        (NODE, {"sentence": "  "}, "bad_sentence"),
        (NODE, {"sentence": "x" * (SENTENCE_MAX + 1)}, "bad_sentence"),
        (NODE, {"threshold": 0.0}, "bad_threshold"),
        (NODE, {"threshold": 1.1}, "bad_threshold"),
        (NODE, {"threshold": float("nan")}, "bad_threshold"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    node: str, given: dict[str, Any], reason: str
) -> None:
    (refused,) = subscribed(Node(), replace(OFFERED, **given), node)
    assert isinstance(refused, SubscriptionRefused)
    assert refused.reason == reason


def test_a_node_has_so_many_subscriptions_and_no_more() -> None:
    state = after(*(replace(OFFERED, sentence=f"number {n}") for n in range(ACTIVE_MAX)))
    (refused,) = subscribed(state, OFFERED)
    assert refused.reason == "too_many"
    freed = SUBSCRIBER.fold(subscribed(state, SubscriptionCancelled(sentence="number 3")), state)
    assert subscribed(freed, OFFERED) == (REGISTERED,)


def test_before_it_is_in_force_its_node_has_a_topic_and_its_sentence_a_vector() -> None:
    made: list[str] = []

    class Topics:
        def ensure(self, topic: Topic) -> None:
            made.append(topic.name)

    class Encoder:
        async def encode(self, texts: Sequence[str]) -> Encoded:
            assert made
            return Encoded(ENCODER, [vector([float(len(text))]) for text in texts])

    (opened,) = asyncio.run(Opening(Encoder(), Topics()).perform([enveloped(REGISTERED, NODE)]))
    assert made == ["aether.matches.billing"]
    carried = list(ANNOUNCING.carry(enveloped(opened, NODE), 2))
    assert isinstance(opened, SubscriptionOpened)
    assert [(c.key, c.event, c.partition) for c in carried] == [
        (GRID_KEY, ADOPTED, 0),
        (GRID_KEY, ADOPTED, 1),
    ]


# -- matching


@pytest.mark.parametrize(
    ("point", "heard"),
    [
        (vector([1.0]), True),
        (vector([0.9, 0.1]), True),
        (vector([0.79, 0.62]), False),
        (vector([0.0, 1.0]), False),
        (vector([-1.0]), False),
        (bytes(4 * SIZE), False),
        (b"", False),
        (vector([1.0])[:-4], False),
    ],
)
def test_only_what_reaches_the_threshold_is_heard_of(point: bytes, heard: bool) -> None:
    assert bool(matched(perceived(point), interests(ADOPTED))) is heard


def test_texts_of_other_sizes_and_encoders_do_not_disturb_each_other() -> None:
    known = interests(ADOPTED)
    for _ in range(2):
        assert matched(perceived(vector([1.0])), known)
        assert matched(perceived(vector([1.0])[: 2 * SIZE]), known) == ()
        assert matched(perceived(vector([1.0]), encoder="other@2"), known) == ()


def test_many_states_are_matched_each_by_its_own_subscriptions() -> None:
    others = [replace(ADOPTED, node=f"node-{number}") for number in range(12)]
    states = [interests(ADOPTED, *others[:number]) for number in range(12)]
    for _ in range(2):
        found = [matched(perceived(vector([1.0])), known)[0].matches for known in states]
        assert [len(matches) for matches in found] == list(range(1, 13))


def test_a_match_says_whose_it_is_and_how_near_the_nearest_first() -> None:
    other = replace(ADOPTED, node="audit", sentence="money", vector=vector([1.0, 0.5]))
    (event,) = matched(perceived(vector([1.0, 0.45])), interests(ADOPTED, other))
    assert [(m.node, m.sentence) for m in event.matches] == [
        ("audit", "money"),
        (NODE, SENTENCE),
    ]
    assert event.matches[0].score > event.matches[1].score >= 0.8


def test_a_cancelled_subscription_and_another_encoders_hear_nothing() -> None:
    cancelled = replace(ADOPTED, version=2, active=False)
    assert matched(perceived(vector([1.0])), interests(ADOPTED, cancelled)) == ()
    assert matched(perceived(vector([1.0]), encoder="other@2"), interests(ADOPTED)) == ()


def test_an_older_version_changes_nothing() -> None:
    cancelled = replace(ADOPTED, version=2, active=False)
    assert interests(ADOPTED, cancelled, ADOPTED) == interests(ADOPTED, cancelled)


def test_a_run_is_told_of_once() -> None:
    event = perceived(vector([1.0]))
    state = MATCHER.fold(matched(event, interests(ADOPTED)))
    assert MATCHER.decide(state, enveloped(event, "session"), interests(ADOPTED)) == ()
    assert len(MATCHER.fold([replace_run(n) for n in range(100)]).done) == 16


def replace_run(number: int) -> TextMatched:
    return TextMatched(run_id=RunId(f"run-{number}"), text="", matches=())


def test_each_node_is_told_on_its_own_topic_under_the_sessions_key() -> None:
    event = TextMatched(
        run_id=RunId("run-1"),
        text="text",
        matches=(
            Match(node="a", sentence="x", score=0.9),
            Match(node="b", sentence="y", score=0.8),
        ),
    )
    carried = list(DELIVERY.carry(enveloped(event, "session"), 1))
    assert [(c.topic, c.key, c.event) for c in carried] == [
        (
            f"aether.matches.{node}",
            "session",
            MatchFound(run_id=RunId("run-1"), sentence=sentence, score=score, text="text"),
        )
        for node, sentence, score in (("a", "x", 0.9), ("b", "y", 0.8))
    ]
