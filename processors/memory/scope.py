"""What a scope remembers, as far as its next decision needs it: no text, only what it would repeat.

A memory that no longer holds keeps its name here, so that its id is not given twice.
"""

import re
import unicodedata
from bisect import bisect_left, insort
from dataclasses import dataclass, field, replace

from streams.events.memory import Content, Kind, MemoryMerged, MemoryRecorded
from streams.ids import MemoryId, derived
from streams.pmap import PMap

#: Marks of a sentence, where one or a part of it ends; what stands elsewhere (1.5, C++) is said.
_PUNCTUATION = re.compile(
    "[.,;:!\u2026"
    "\u3001\u3002\uff01\uff0c\uff0e\uff1a\uff1b"  # Chinese and Japanese
    "\u060c\u061b\u06d4\u0964\u0965]+"  # Arabic, Urdu; the dandas of Indic scripts
    r"(?=\s|$)"
)
GONE = MemoryId("")


@dataclass(frozen=True, slots=True)
class Kept:
    """One memory: what it says, as a fingerprint, and when it holds (Unix time).

    `asked` are the older memories that a judge was asked to hold it against.
    """

    says: str
    since_ms: int
    expires_at_ms: int | None
    is_live: bool = True
    key: str = ""
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The memories of one scope by id, by what they say, and by the fact they are the newest of.

    `count` is how many were ever recorded; `expiring` is ordered by time, and the first `over`
    of it were let go: to cut them off one by one would copy the rest as often.
    """

    count: int = 0
    memories: PMap[Kept] = field(default_factory=PMap)
    said: PMap[str] = field(default_factory=PMap)
    facts: PMap[str] = field(default_factory=PMap)
    expiring: tuple[tuple[int, str], ...] = ()
    over: int = 0

    def kept(self, known: str) -> Kept:
        """Return a memory that is known."""
        kept = self.memories.get(known)
        assert kept is not None
        return kept

    def is_live(self, known: str) -> bool:
        """Whether a memory is known and holds."""
        kept = self.memories.get(known)
        return kept is not None and kept.is_live

    def saying(self, says: str) -> MemoryId | None:
        """Return the memory that says something in these words."""
        known = self.said.get(says)
        return MemoryId(known) if known and self.is_live(known) else None

    def holding(self, key: str) -> MemoryId | None:
        """Return the newest fact about a key."""
        known = self.facts.get(named(key))
        return MemoryId(known) if known and self.is_live(known) else None

    def due(self, now_ms: int) -> list[tuple[int, MemoryId]]:
        """Return what has expired by now and was not let go yet, the earliest first."""
        end = bisect_left(self.expiring, (now_ms + 1, ""))
        return [(at, MemoryId(known)) for at, known in self.expiring[self.over : end]]

    def recorded(self, event: MemoryRecorded) -> "Scope":
        """Keep a memory."""
        says, expires = fingerprint(event.content), event.expires_at_ms
        key = event.content.key
        kept = Kept(says, event.since_ms, expires, key=key)
        state = self if expires is None else self._expiring(expires, event.memory_id)
        return replace(
            state,
            count=self.count + 1,
            memories=self.memories.put(event.memory_id, kept),
            said=self.said.put(says, event.memory_id),
            facts=self.facts.put(named(key), event.memory_id) if key else self.facts,
        )

    def merged(self, event: MemoryMerged) -> "Scope":
        """Keep the name of an offer that a memory stands for, and when it was said last."""
        kept = self.kept(event.memory_id)
        kept = replace(kept, since_ms=max(kept.since_ms, event.since_ms))
        memories = self.memories.put(event.memory_id, kept)
        if event.merged_id not in memories:
            memories = memories.put(event.merged_id, replace(kept, is_live=False))
        return replace(self, memories=memories)

    def judged(self, known: MemoryId, other: MemoryId) -> "Scope":
        """Note that a judge was asked to hold a memory against an older one."""
        kept = self.kept(known)
        asked = replace(kept, asked=(*kept.asked, other))
        return replace(self, memories=self.memories.put(known, asked))

    def without(self, known: MemoryId) -> "Scope":
        """Let a memory go."""
        kept = self.memories.get(known)
        if kept is None or not kept.is_live:
            return self
        gone = self.memories.put(known, replace(kept, is_live=False))
        state = self if kept.expires_at_ms is None else self._over(kept.expires_at_ms, known)
        return replace(state, memories=gone)

    def held(self, key: str, by: MemoryId) -> "Scope":
        """Note which fact about a key is the newest."""
        return replace(self, facts=self.facts.put(named(key), by)) if key else self

    def _expiring(self, at_ms: int, known: MemoryId) -> "Scope":
        left = list(self.expiring[self.over :])
        insort(left, (at_ms, str(known)))
        return replace(self, expiring=tuple(left), over=0)

    def _over(self, at_ms: int, known: MemoryId) -> "Scope":
        at = bisect_left(self.expiring, (at_ms, known), self.over)
        if at == self.over:
            return replace(self, over=at + 1)
        return replace(self, expiring=self.expiring[:at] + self.expiring[at + 1 :])


def named(key: str) -> str:
    """Return the key of a fact as it is compared: case and white space do not count."""
    return unicodedata.normalize("NFKC", " ".join(key.split())).casefold()


def fingerprint(content: Content) -> str:
    """Return what two contents have in common that say the same in the same words.

    Case, white space and the marks that end sentences do not count; symbols, signs and vowel signs
    do, and NFC leaves 10² apart from 102. What is said again at another time is said anew, and
    so is a fact about something else.
    """
    text = unicodedata.normalize("NFC", content.text).casefold()
    words = " ".join(_PUNCTUATION.sub("", text).split() or text.split())
    said = content.said_at_ms if content.kind is Kind.TURN else None
    speaker = named(content.speaker)
    return derived(content.kind.value, speaker, said or "", named(content.key), words)
