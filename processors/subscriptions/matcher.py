"""Which subscriptions a text comes near to: every one in force, in exact arithmetic."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from processors.classifier.exact import Reals, centroid, exact, similarities, stacked
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
    compiled = _compiled(interests.known, event.encoder, len(vector))
    scores = similarities(compiled.rows, vector)
    found = [
        Match(node=interest.node, sentence=interest.sentence, score=score)
        for interest, score in zip(compiled.interests, scores, strict=True)
        if score >= interest.threshold
    ]
    if not found:
        return ()
    found.sort(key=lambda match: (-match.score, match.node, match.sentence))
    return (TextMatched(run_id=event.run_id, text=event.text, matches=tuple(found)),)


class _Compiled(NamedTuple):
    """The interests in one encoder's vectors as a matrix; `known` is what it was made of."""

    known: PMap[Interest]
    interests: list[Interest]
    rows: Reals


#: By state, encoder and size; a state is a value, so nothing here goes stale.
_COMPILED: OrderedDict[tuple[int, str, int], _Compiled] = OrderedDict()
COMPILED_MAX = 8


def _compiled(known: PMap[Interest], encoder: str, size: int) -> _Compiled:
    key = id(known), encoder, size
    found = _COMPILED.get(key)
    if found is None or found.known is not known:
        mine = [
            interest
            for _, interest in known.items()
            if interest.meaning is not None
            and interest.encoder == encoder
            and len(interest.meaning) == 2 * size
        ]
        rows = stacked([interest.meaning or b"" for interest in mine], size)
        found = _COMPILED[key] = _Compiled(known, mine, rows)
        while len(_COMPILED) > COMPILED_MAX:
            _COMPILED.popitem(last=False)
    return found


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
