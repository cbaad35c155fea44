"""Diff: two runs beside each other, aligned by what caused what, whatever their events are called.

An event's place is the way that leads to it: which processor made it, as which of its events, from
the event at which place. Ids and times are no difference; words, choices and numbers are.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from replay.recorded import IDENTITY, plain_of
from streams.envelope import Envelope, author_of
from streams.events.sessions import InferenceCompleted, ResponseCompleted, RunFailed
from streams.ids import EventId

Events = Sequence[Envelope[Any]]
Place = tuple[tuple[str, int], ...]


class Verdict(StrEnum):
    """How an event of one run stands to the other run."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"


class Field(NamedTuple):
    """A value that differs, by its dotted path."""

    path: str
    left: Any
    right: Any


class Row(NamedTuple):
    """One place in both runs, or in one of them."""

    place: Place
    verdict: Verdict
    left: Envelope[Any] | None
    right: Envelope[Any] | None
    fields: tuple[Field, ...]


class Spent(NamedTuple):
    """What one call of a model took."""

    model: str
    prompt_tokens: int
    completion_tokens: int


class Side(NamedTuple):
    """What a run came to and took; `milliseconds` from its first event to its last."""

    outcome: str
    text: str
    milliseconds: int
    spent: tuple[Spent, ...]

    @property
    def tokens(self) -> int:
        """The tokens of all its calls."""
        return sum(call.prompt_tokens + call.completion_tokens for call in self.spent)


class Diff(NamedTuple):
    """Two runs compared: their events in order of cause, and what they came to."""

    rows: tuple[Row, ...]
    left: Side
    right: Side

    @property
    def same(self) -> bool:
        """Whether nothing differs but ids and times."""
        return all(row.verdict is Verdict.SAME for row in self.rows)

    @property
    def text(self) -> list[str]:
        """The two answers as a unified diff; nothing if they are the same."""
        before, after = self.left.text.splitlines(), self.right.text.splitlines()
        return list(difflib.unified_diff(before, after, "left", "right", lineterm=""))


def diff(left: Events, right: Events) -> Diff:
    """Compare two runs."""
    lefts, rights = _placed(left), _placed(right)
    places = [*lefts, *(place for place in rights if place not in lefts)]
    rows = (_row(place, lefts.get(place), rights.get(place)) for place in sorted(places))
    return Diff(tuple(rows), side_of(left), side_of(right))


def side_of(events: Events) -> Side:
    """Return what a run came to; one that is not over is open."""
    last = next((e for e in reversed(events) if isinstance(e.event, _ENDS)), None)
    took = max(e.recorded_at_ms for e in events) - events[0].recorded_at_ms if events else 0
    calls = (e.event for e in events if isinstance(e.event, InferenceCompleted))
    spent = tuple(Spent(c.model, c.prompt_tokens, c.completion_tokens) for c in calls)
    match last and last.event:
        case ResponseCompleted(text=text):
            return Side("completed", text, took, spent)
        case RunFailed(reason=reason, detail=detail):
            return Side(f"failed: {reason}", detail, took, spent)
        case _:
            return Side("open", "", took, spent)


_ENDS = (ResponseCompleted, RunFailed)


def _placed(events: Events) -> Mapping[Place, Envelope[Any]]:
    places: dict[EventId, Place] = {}
    found: dict[Place, Envelope[Any]] = {}
    turns: Counter[tuple[Place | None, str]] = Counter()
    for envelope in events:
        above = places.get(envelope.cause_id) if envelope.cause_id is not None else None
        author = author_of(envelope.head) or ""
        turn = turns[above, author]
        turns[above, author] += 1
        place = (*(above or ()), (author, turn))
        places[envelope.event_id] = place
        found[place] = envelope
    return found


def _row(place: Place, left: Envelope[Any] | None, right: Envelope[Any] | None) -> Row:
    if left is None or right is None:
        verdict = Verdict.EXTRA if left is None else Verdict.MISSING
        return Row(place, verdict, left, right, ())
    fields = tuple(_fields(left.event, right.event))
    return Row(place, Verdict.CHANGED if fields else Verdict.SAME, left, right, fields)


def _fields(left: Any, right: Any) -> Iterator[Field]:
    if type(left) is not type(right):
        yield Field("", type(left).__name__, type(right).__name__)
        return
    plains = [plain_of(event) for event in (left, right)]
    for name in IDENTITY:
        for plain in plains:
            plain.pop(name, None)
    yield from _differences("", *plains)


def _differences(path: str, left: Any, right: Any) -> Iterator[Field]:
    """Yield the leaves that differ; lists of another length differ as a whole."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in [*left, *(n for n in right if n not in left)]:
            yield from _differences(_joined(path, name), left.get(name), right.get(name))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for at, pair in enumerate(zip(left, right, strict=True)):
            yield from _differences(_joined(path, str(at)), *pair)
    elif left != right:
        yield Field(path, left, right)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
