"""Runs told again: forks live beside the truth, on a topic of their own; the key is the fork."""

from dataclasses import dataclass

from streams.ids import EventId, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field by its dotted path, and its new value as JSON; below `@grid` of facts in force."""

    path: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkStep:
    """An event that the fork does not share with its origin.

    `value` are its bytes in the wire format, `processor` is who made it with its version, `how`
    one of changed, decided, recorded, stubbed and live; `at_ms` is the time it would have had.
    """

    event_id: EventId
    cause_id: EventId | None
    processor: str
    how: str
    at_ms: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkMade:
    """A run, or another fork, was told again from the event `at` on, with fields of it changed."""

    origin: RunId
    at: EventId
    changes: tuple[Change, ...]
    steps: tuple[ForkStep, ...]


ForkEvent = ForkMade

EVENTS: tuple[type, ...] = (ForkMade,)
