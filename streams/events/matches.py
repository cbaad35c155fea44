"""What a node hears of, on a topic of its own: `aether.matches.{node}`; the key is the session."""

from dataclasses import dataclass

from streams.ids import RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFound:
    """A text came near to a sentence that the node subscribed with; `score` is their cosine."""

    run_id: RunId
    sentence: str
    score: float
    text: str


MatchEvent = MatchFound

EVENTS: tuple[type, ...] = (MatchFound,)
