"""How others rank turns: plain cosine, BM25, and reciprocal rank fusion of five lists.

Each as its inventors describe it and with the settings that are usual; whole words, no shelf.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks._locomo import Asking, Conversation, Turn
from benchmarks._served import Remembering

Floats = npt.NDArray[np.float64]

K1, B = 1.2, 0.75
#: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion" (2009).
RRF_K = 60
FOUND_MAX = 20

_WORD = re.compile(r"\w+")


class Peers(NamedTuple):
    """A conversation as others see it: per question, scores of its turns by each signal."""

    names: list[str]
    questions: list[Asking]
    signals: Sequence[Mapping[str, Floats]]

    @property
    def places(self) -> range:
        """The places of the questions."""
        return range(len(self.questions))

    @classmethod
    async def of(cls, conversation: Conversation, encoder: Remembering) -> "Peers":
        """Encode and count."""
        turns = conversation.turns
        plain = await _vectors(encoder, [turn.content.text for turn in turns])
        told = await _vectors(encoder, [_told(turn) for turn in turns])
        said = [_words(_told(turn)) for turn in turns]
        alone, wide = Bm25(said), Bm25(_windows(turns, said))
        speakers = {turn.content.speaker for turn in turns}
        signals = []
        for asking in conversation.questions:
            nameless = _without(asking.text, speakers)
            asked, bare = await _vectors(encoder, [asking.text, nameless])
            words = _words(asking.text)
            signals.append(
                {
                    "cosine": plain @ asked,
                    "cosine_speaker": told @ asked,
                    "cosine_nameless": plain @ bare,
                    "bm25_turn": alone.scores(words),
                    "bm25": wide.scores(words),
                }
            )
        return cls([turn.name for turn in turns], conversation.questions, signals)

    def best(self, scores: Floats) -> list[str]:
        """Return the names of the best turns, the best first."""
        return [self.names[at] for at in np.argsort(-scores, kind="stable")[:FOUND_MAX]]


class Bm25:
    """BM25 over whole words."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._counts = [Counter(text) for text in texts]
        self._lengths = np.array([len(text) for text in texts], np.float64)
        self._often = Counter(word for counts in self._counts for word in counts)

    def scores(self, words: Sequence[str]) -> Floats:
        """Return each text's score."""
        total, size = np.zeros(len(self._counts)), len(self._counts)
        norm = K1 * (1 - B + B * self._lengths / self._lengths.mean())
        for word in dict.fromkeys(words):
            often = self._often[word]
            times = np.array([counts[word] for counts in self._counts], np.float64)
            rarity = math.log(1 + (size - often + 0.5) / (often + 0.5))
            total += rarity * times * (K1 + 1) / (times + norm)
        return total


def _cosine(peers: Peers, at: int) -> list[str]:
    return peers.best(peers.signals[at]["cosine"])


def _bm25(peers: Peers, at: int) -> list[str]:
    return peers.best(peers.signals[at]["bm25"])


def _rrf(peers: Peers, at: int) -> list[str]:
    fused = np.zeros(len(peers.names))
    for scores in peers.signals[at].values():
        ranks = np.empty(len(scores))
        ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
        fused += 1 / (RRF_K + ranks)
    return peers.best(fused)


PEERS: Mapping[str, Callable[[Peers, int], list[str]]] = {
    "cosine": _cosine,
    "bm25": _bm25,
    "rrf": _rrf,
}


async def _vectors(encoder: Remembering, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    vectors = (await encoder.encode(texts)).vectors
    return np.stack([np.frombuffer(vector, "<f4") for vector in vectors])


def _told(turn: Turn) -> str:
    return f"{turn.content.speaker}: {turn.content.text}"


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _windows(turns: Sequence[Turn], said: Sequence[list[str]]) -> list[list[str]]:
    """Join each turn's words with its neighbours' of the same session."""
    return [
        [
            word
            for near in range(max(0, at - 1), min(len(turns), at + 2))
            if turns[near].session == turns[at].session
            for word in said[near]
        ]
        for at in range(len(turns))
    ]


def _without(text: str, speakers: set[str]) -> str:
    names = "|".join(re.escape(name) for name in sorted(speakers))
    return " ".join(re.sub(rf"\b(?:{names})\b(?:['\u2019]s\b)?", "", text).split()) or text
