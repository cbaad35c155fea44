"""What nodes want to hear of: sentences, and how near a text must come; the key is the node."""

from dataclasses import dataclass
from typing import get_args

from streams.events.vector import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionOffered:
    """The node wants to hear of texts at least this near to a sentence (cosine)."""

    sentence: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCancelled:
    """The node no longer wants to hear of texts like the sentence."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRegistered:
    """The node will hear of it, or no more if not `active`; a later version replaces an earlier."""

    sentence: str
    threshold: float
    version: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRefused:
    """The node will not hear of it as asked; `reason` is a code."""

    sentence: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionOpened:
    """The sentence as a vector; the node's topic exists."""

    sentence: str
    threshold: float
    version: int
    active: bool
    encoder: str
    vector: Vector


SubscriptionEvent = (
    SubscriptionOffered
    | SubscriptionCancelled
    | SubscriptionRegistered
    | SubscriptionRefused
    | SubscriptionOpened
)

EVENTS: tuple[type, ...] = get_args(SubscriptionEvent)
