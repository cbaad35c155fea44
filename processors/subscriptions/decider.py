"""Which subscriptions a node has: a new sentence, or another threshold, makes a new version."""

import re
from dataclasses import dataclass, field
from typing import assert_never

from streams.decider import NO_GRID, Decider
from streams.envelope import Envelope
from streams.events.subscriptions import (
    SubscriptionCancelled,
    SubscriptionOffered,
    SubscriptionRefused,
    SubscriptionRegistered,
)
from streams.ids import ProcessorName
from streams.pmap import PMap
from streams.topics import SUBSCRIPTIONS

NODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
RESERVED = "events"
SENTENCE_MAX = 1_000
#: Every subscription in force is compared with every text.
ACTIVE_MAX = 100

Inputs = SubscriptionOffered | SubscriptionCancelled
Decided = SubscriptionRegistered | SubscriptionRefused


@dataclass(frozen=True, slots=True)
class Node:
    """A node's subscriptions by sentence, also those it cancelled."""

    known: PMap[SubscriptionRegistered] = field(default_factory=PMap)

    @property
    def active(self) -> int:
        """How many are in force."""
        return sum(one.active for _, one in self.known.items())


def decide(state: Node, cause: Envelope[Inputs], _: None) -> tuple[Decided, ...]:
    """Register, replace or cancel."""
    event = cause.event
    known = state.known.get(event.sentence)
    version = known.version + 1 if known else 1
    match event:
        case SubscriptionCancelled(sentence=sentence):
            if known is None or not known.active:
                return (_refused(sentence, "unknown", f"{cause.key} has no such subscription"),)
            return (
                SubscriptionRegistered(
                    sentence=sentence, threshold=known.threshold, version=version, active=False
                ),
            )
        case SubscriptionOffered(sentence=sentence, threshold=threshold):
            if known is not None and known.active and known.threshold == threshold:
                return ()
            wrong = _fault(state, cause.key, event)
            if wrong is not None:
                return (wrong,)
            return (
                SubscriptionRegistered(
                    sentence=sentence, threshold=threshold, version=version, active=True
                ),
            )
        case _:
            assert_never(event)


def _fault(state: Node, node: str, event: SubscriptionOffered) -> SubscriptionRefused | None:
    sentence = event.sentence
    if NODE.fullmatch(node) is None or node == RESERVED:
        return _refused(sentence, "bad_node", f"{node!r} cannot be part of a topic's name")
    if not sentence.strip() or len(sentence) > SENTENCE_MAX:
        return _refused(sentence, "bad_sentence", f"want 1 to {SENTENCE_MAX} characters")
    if not 0 < event.threshold <= 1:
        return _refused(sentence, "bad_threshold", f"{event.threshold} is not above 0, up to 1")
    known = state.known.get(sentence)
    if state.active >= ACTIVE_MAX and (known is None or not known.active):
        return _refused(sentence, "too_many", f"{node} has {ACTIVE_MAX} already")
    return None


def _refused(sentence: str, reason: str, detail: str) -> SubscriptionRefused:
    return SubscriptionRefused(sentence=sentence[:SENTENCE_MAX], reason=reason, detail=detail)


def evolve(state: Node, event: Decided) -> Node:
    """Keep the newest version of each sentence."""
    match event:
        case SubscriptionRegistered(sentence=sentence):
            return Node(state.known.put(sentence, event))
        case SubscriptionRefused():
            return state
        case _:
            assert_never(event)


SUBSCRIBER: Decider[Node, Inputs, Decided, None] = Decider(
    name=ProcessorName("subscriber"),
    version=1,
    topic=SUBSCRIPTIONS,
    reads=(SubscriptionOffered, SubscriptionCancelled),
    writes=(SubscriptionRegistered, SubscriptionRefused),
    initial=Node(),
    decide=decide,
    evolve=evolve,
    grid=NO_GRID,
)
