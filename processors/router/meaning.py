"""What a request means: by itself, or together with what its session was about.

A short request that means little by itself may be a follow-up ("and yesterday's?"): its session
says what it means, but makes it surer only if its own words speak for that, too. A session leaves
its capability only for one that is clearly more likely, so that it does not flap.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from processors.classifier.exact import Judge, Judgement, Reals, direction, exact, packed, unpacked
from streams.events.sessions import Candidate, TextPerceived
from streams.ids import CapabilityId

CANDIDATES_MAX = 5
#: A request of more words says what it is about.
FOLLOW_UP_WORDS_MAX = 12
#: Thai, Lao, Burmese, Khmer, kana and Han: no spaces between words, and about two letters in one.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    r"\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]{{1,2}}|[^\\s{_UNSPACED}]+")
#: Words less near (cosine) to the examples of what they would follow up do not speak for it;
#: measured, see `benchmarks/README.md`.
AKIN = 0.3
#: What the session was about counts as much as the words of a follow-up.
REMINDER = 1.0
#: A session stays with its capability unless another leads by this much of the whole.
HOLD = 0.1


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidates, the chosen one first; `follows` if the session's past helped to choose.

    `stays` if the session held on to its capability although another was a little likelier;
    `spares` if the chosen one takes less than another that was.
    """

    candidates: tuple[Candidate, ...]
    confidence: float
    focus: bytes
    follows: bool = False
    stays: bool = False
    spares: bool = False


def choose(
    judge: Judge, event: TextPerceived, sure: float, before: CapabilityId | None, focus: bytes
) -> Choice | None:
    """Weigh a request; None if its vector is none. `before` had the session, about `focus`."""
    vector = exact(event.vector)
    if vector is None or len(vector) != judge.dimensions:
        return None
    alone = judge.judge(vector, CANDIDATES_MAX)
    if before is None or len(focus) != 2 * len(vector):
        return _choice(alone, vector)
    if alone.confidence < sure and words_in(event.text) <= FOLLOW_UP_WORDS_MAX:
        mixed = direction(vector + REMINDER * unpacked(focus))
        if mixed is not None:
            return _followed(judge, alone, vector, mixed)
    return _held(_choice(alone, vector), before)


def words_in(text: str) -> int:
    """Return about how many words a text has, in whatever script."""
    return len(_WORD.findall(text))


def sparing(choice: Choice, takes: Callable[[CapabilityId], float | None], within: float) -> Choice:
    """Return the choice that takes least of those about as likely as the best, if that is known.

    A session that stays, stays; who does not say what it takes is never preferred, nor left.
    """
    best, *others = choice.candidates
    least, chosen = takes(best.capability), best
    if least is None or choice.stays:
        return choice
    for other in others:
        costs = takes(other.capability)
        if costs is not None and costs < least and best.score - other.score <= within:
            least, chosen = costs, other
    if chosen is best:
        return choice
    rest = tuple(c for c in choice.candidates if c is not chosen)
    return replace(choice, candidates=(chosen, *rest), spares=True)


def _followed(judge: Judge, alone: Judgement, vector: Reals, mixed: Reals) -> Choice:
    together = _choice(judge.judge(mixed, CANDIDATES_MAX), mixed, follows=True)
    if judge.nearness(together.candidates[0].capability, vector) >= AKIN:
        return together
    # the session alone would say so: it is as sure of whatever is asked in it
    return replace(together, confidence=min(alone.confidence, together.confidence))


def _choice(judgement: Judgement, vector: Reals, *, follows: bool = False) -> Choice:
    candidates = tuple(
        [Candidate(capability=CapabilityId(s.label), score=s.share) for s in judgement.scored]
    )
    return Choice(candidates, judgement.confidence, packed(vector), follows)


def _held(choice: Choice, before: CapabilityId) -> Choice:
    """Stay with the session's capability if it is nearly as likely as the best."""
    best = choice.candidates[0]
    held = next((c for c in choice.candidates[1:] if c.capability == before), None)
    if held is None or best.score - held.score >= HOLD:
        return choice
    others = tuple(c for c in choice.candidates if c is not held)
    return Choice((held, *others), choice.confidence, choice.focus, stays=True)
