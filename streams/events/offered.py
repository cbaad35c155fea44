"""What anybody may say on each topic, in any language; all else follows from it.

An event that a decider, an effect or a link writes is believed because nobody else writes it: a
door that let one in from outside would let a client decide for the grid. What only its operator may
say, such as a policy, is not here either.
"""

from collections.abc import Mapping

from streams.events import memory, registry, sessions, subscriptions, tuning
from streams.topics import MEMORY, REGISTRY, SESSIONS, SUBSCRIPTIONS, TUNING

#: The events that doors let in, by topic; a topic that is not here is written by the grid alone.
OFFERED: Mapping[str, tuple[type, ...]] = {
    SESSIONS.name: (sessions.RequestReceived,),
    MEMORY.name: (memory.MemoryOffered, memory.ForgettingRequested, memory.RecallJudged),
    REGISTRY.name: (registry.CapabilityOffered, registry.WithdrawalRequested),
    TUNING.name: (tuning.FeedbackOffered,),
    SUBSCRIPTIONS.name: (
        subscriptions.SubscriptionOffered,
        subscriptions.SubscriptionCancelled,
    ),
}
