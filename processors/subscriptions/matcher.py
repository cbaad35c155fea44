"""Which subscriptions a text comes near to: every one in force, in exact arithmetic."""

from dataclasses import dataclass, field
from typing import assert_never

from processors.classifier.exact import Reals, centroid, exact, similarity
from streams.decider import Decider, Projection
from streams.envelope import Envelope
from streams.events.sessions import Match, SubscriptionAdopted, TextMatched, TextPerceived
from streams.ids import ProcessorName, RunId
from streams.pmap import PMap
from streams.topics import SESSIONS

REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Interest:
    """A subscription; `meaning` is its sentence's direction, None once it is cancelled."""

    node: str
    sentence: str
    threshold: float
    version: int
    encoder: str
    meaning: bytes | None


@dataclass(frozen=True, slots=True)
class Interests:
    """The subscriptions in force, by node and sentence."""

    known: PMap[Interest] = field(default_factory=PMap)


@dataclass(frozen=True, slots=True)
class Matching:
    """The runs of a session that matched something, the latest last."""

    done: tuple[RunId, ...] = ()


def adopt(interests: Interests, fact: SubscriptionAdopted) -> Interests:
    """Put a subscription in force, or out of it; an older version changes nothing."""
    key = f"{fact.node}/{fact.sentence}"
    known = interests.known.get(key)
    if known is not None and known.version >= fact.version:
        return interests
    interest = Interest(
        node=fact.node,
        sentence=fact.sentence,
        threshold=fact.threshold,
        version=fact.version,
        encoder=fact.encoder,
        meaning=centroid([fact.vector]) if fact.active else None,
    )
    return Interests(interests.known.put(key, interest))


def decide(
    state: Matching, cause: Envelope[TextPerceived], interests: Interests
) -> tuple[TextMatched, ...]:
    """Tell of a perceived text to whom it concerns, the nearest first."""
    event = cause.event
    if event.run_id in state.done:
        return ()
    vector = exact(event.vector)
    if vector is None:
        return ()
    found = [m for _, interest in interests.known.items() if (m := _match(interest, event, vector))]
    if not found:
        return ()
    found.sort(key=lambda match: (-match.score, match.node, match.sentence))
    return (TextMatched(run_id=event.run_id, text=event.text, matches=tuple(found)),)


def _match(interest: Interest, event: TextPerceived, vector: Reals) -> Match | None:
    if interest.meaning is None or interest.encoder != event.encoder:
        return None
    score = similarity(interest.meaning, vector)
    if score < interest.threshold:
        return None
    return Match(node=interest.node, sentence=interest.sentence, score=score)


def evolve(state: Matching, event: TextMatched) -> Matching:
    """Remember that the run was told of."""
    match event:
        case TextMatched(run_id=run):
            return Matching((*state.done, run)[-REMEMBERED:])
        case _:
            assert_never(event)


MATCHER: Decider[Matching, TextPerceived, TextMatched, Interests] = Decider(
    name=ProcessorName("matcher"),
    version=1,
    topic=SESSIONS,
    reads=(TextPerceived,),
    writes=(TextMatched,),
    initial=Matching(),
    decide=decide,
    evolve=evolve,
    grid=Projection(reads=(SubscriptionAdopted,), initial=Interests(), evolve=adopt),
)
