"""Inboxes: what a node says on the one topic where it may write is checked, and carried on.

The topic is who it is. It may ask, say facts and what it thinks of them; offer, withdraw and
subscribe itself; and answer what it was asked. All else is parked and reaches no decider.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.errors import Unacceptable
from streams.events.memory import ForgettingRequested, MemoryOffered, RecallJudged
from streams.events.offered import OFFERED
from streams.events.registry import CapabilityOffered
from streams.events.sessions import InferenceCompleted, InferenceFailed, RequestReceived
from streams.events.tuning import FeedbackOffered
from streams.ids import ProcessorName
from streams.topics import INBOX, SESSIONS, inbox_of

#: What a node says of a request: that caused it, and no inbox.
ANSWERS = (InferenceCompleted, InferenceFailed)
#: Where what a node may say belongs.
TARGETS: Mapping[type, str] = {
    **{kind: topic for topic, kinds in OFFERED.items() for kind in kinds},
    **dict.fromkeys(ANSWERS, SESSIONS.name),
}

#: What is of no node in particular: questions, facts and what people think of them.
OF_ANYBODY = (
    RequestReceived,
    MemoryOffered,
    ForgettingRequested,
    RecallJudged,
    FeedbackOffered,
)


def carry(cause: Envelope[Any], _: int) -> Iterable[Carried]:
    """Carry on what the owner of an inbox may say. Raises Unacceptable for everything else."""
    node = cause.topic.removeprefix(INBOX)
    target = TARGETS.get(type(cause.event))
    if target is None or cause.key.startswith("@") or not _is_its_own(node, cause):
        said = f"{type(cause.event).__name__} under the key {cause.key[:80]!r}"
        raise Unacceptable(f"the node {node} may not say {said}")
    because = cause.cause_id if isinstance(cause.event, ANSWERS) else None
    return [Carried(cause.key, cause.event, topic=target, because=because)]


def _is_its_own(node: str, cause: Envelope[Any]) -> bool:
    """Whether what a node says of somebody is said of itself."""
    match cause.event:
        case InferenceCompleted(model=model) | InferenceFailed(model=model):
            return model == f"work/{node}"
        case CapabilityOffered(card=card):
            return cause.key == node and card.model == f"work/{node}"
        case _:
            return cause.key == node or isinstance(cause.event, OF_ANYBODY)


def intake_of(node: str, reads: tuple[type, ...]) -> Link:
    """Return the link that empties a node's inbox; it `reads` every kind of event there is."""
    return Link(
        name=ProcessorName(f"inbox/{node}"),
        version=1,
        topic=inbox_of(node),
        target=SESSIONS,
        reads=reads,
        carry=carry,
    )
