"""An inbox lets its owner say what anybody may, and of itself; all else is parked."""

from dataclasses import replace
from typing import Any

import pytest

from processors.intake import carry, intake_of
from processors.links import Carried
from streams.envelope import CAUSATION, Envelope
from streams.errors import Unacceptable
from streams.events.memory import MemoryOffered
from streams.events.registry import CapabilityOffered, WithdrawalRequested
from streams.events.subscriptions import SubscriptionOffered
from streams.events.tuning import FeedbackOffered
from streams.ids import EventId, ModelName
from streams.io.schemas import event_classes
from streams.topics import GRID_KEY, MEMORY, REGISTRY, SESSIONS, SUBSCRIPTIONS, TUNING, inbox_of
from tests.examples import typical
from tests.given import cause
from tests.unit.processors import examples as e

MINE = ModelName("work/poet")
CARD = e.card(model=MINE)


def sent(event: Any, key: str = "ada") -> Envelope[Any]:
    """Return an event in the poet's inbox."""
    return cause(event, key=key)._replace(topic=inbox_of("poet").name)


@pytest.mark.parametrize(
    ("event", "key", "topic"),
    [
        (e.received(), "ada", SESSIONS),
        (MemoryOffered(content=e.content(), ttl_ms=None), "session:ada", MEMORY),
        (replace(e.inferred(), model=MINE), "ada", SESSIONS),
        (replace(e.inference_failed(), model=MINE), "ada", SESSIONS),
        (CapabilityOffered(card=CARD), "poet", REGISTRY),
        (typical(SubscriptionOffered), "poet", SUBSCRIPTIONS),
        (typical(WithdrawalRequested), "poet", REGISTRY),
        (typical(FeedbackOffered), "router", TUNING),
    ],
)
def test_what_a_node_may_say_is_carried_where_it_belongs(event: Any, key: str, topic: Any) -> None:
    assert list(carry(sent(event, key), 4)) == [Carried(key, event, topic=topic.name)]


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (e.routed(), "ada"),
        (e.responded(), "ada"),
        (e.adopted(), "ada"),
        (e.received(), GRID_KEY),
        (e.inferred(), "ada"),
        (e.inference_failed(), "ada"),
        (CapabilityOffered(card=CARD), "answer"),
        (CapabilityOffered(card=replace(CARD, model=ModelName("extractive"))), "poet"),
        (typical(SubscriptionOffered), "painter"),
        (typical(WithdrawalRequested), "answer"),
    ],
)
def test_what_it_may_not_say_is_refused(event: Any, key: str) -> None:
    with pytest.raises(Unacceptable, match="the node poet may not say"):
        list(carry(sent(event, key), 4))


def test_a_nodes_answer_is_caused_by_what_it_was_asked() -> None:
    """So the request and its answer are found together; the inbox is only the way."""
    asked = EventId("the request")
    answer = sent(replace(e.inferred(), model=MINE))
    answer = answer._replace(head={**answer.head, CAUSATION: asked.encode()})
    (carried,) = carry(answer, 4)
    assert carried.because == asked


def test_whatever_lies_in_an_inbox_is_looked_at() -> None:
    link = intake_of("poet", event_classes())
    assert (link.topic, link.name) == (inbox_of("poet"), "inbox/poet")
    assert set(link.reads) == set(event_classes())
