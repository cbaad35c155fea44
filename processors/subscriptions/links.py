"""The links of subscribing: what is in force to every partition, and matches to their nodes."""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.matches import MatchFound
from streams.events.sessions import SubscriptionAdopted, TextMatched
from streams.events.subscriptions import SubscriptionOpened
from streams.ids import ProcessorName
from streams.topics import GRID_KEY, MATCHES, SESSIONS, SUBSCRIPTIONS, matches_of


def announce(cause: Envelope[SubscriptionOpened], partitions: int) -> Iterable[Carried]:
    """Write a subscription under the grid's key of every partition."""
    event = cause.event
    adopted = SubscriptionAdopted(
        node=cause.key,
        sentence=event.sentence,
        threshold=event.threshold,
        version=event.version,
        active=event.active,
        encoder=event.encoder,
        vector=event.vector,
    )
    return [Carried(GRID_KEY, adopted, partition) for partition in range(partitions)]


def deliver(cause: Envelope[TextMatched], _: int) -> Iterable[Carried]:
    """Tell each node on its own topic, in the session's order."""
    event = cause.event
    return [
        Carried(
            cause.key,
            MatchFound(
                run_id=event.run_id, sentence=match.sentence, score=match.score, text=event.text
            ),
            topic=matches_of(match.node).name,
        )
        for match in event.matches
    ]


ANNOUNCING = Link(
    name=ProcessorName("announcing"),
    version=1,
    topic=SUBSCRIPTIONS,
    target=SESSIONS,
    reads=(SubscriptionOpened,),
    carry=announce,
)
DELIVERY = Link(
    name=ProcessorName("delivery"),
    version=1,
    topic=SESSIONS,
    target=MATCHES,
    reads=(TextMatched,),
    carry=deliver,
)
