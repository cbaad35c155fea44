"""How far consumer groups are: what was sampled of them, and what the observer makes of it."""

from dataclasses import dataclass
from enum import Enum
from typing import get_args


class Phase(Enum):
    """What a group is doing."""

    STABLE = "stable"
    REBALANCING = "rebalancing"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Verdict(Enum):
    """How it stands with a reader; Burrow's words, and `empty`: there is lag and nobody reads."""

    OK = "ok"
    WARN = "warn"
    STOP = "stop"
    STALL = "stall"
    REWIND = "rewind"
    EMPTY = "empty"


class Status(Enum):
    """How it stands with a group: as with its worst partition, and three of them are errors."""

    OK = "ok"
    WARN = "warn"
    EMPTY = "empty"
    ERR = "err"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSample:
    """What a partition holds, and how far a group is in it.

    `committed_at_ms` is when the last commit was made at the latest, `oldest_at_ms` the broker's
    time of the first record that is not committed; None where nobody knows. `working` says that
    the commit was made again by a member that is working on what comes next.
    """

    partition: int
    first: int
    end: int
    committed: int
    committed_at_ms: int | None
    oldest_at_ms: int | None
    working: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSample:
    """A topic that a group reads; `identity` tells it from an earlier one of the same name."""

    topic: str
    identity: str
    partitions: tuple[PartitionSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LagSampled:
    """How far a group was at a time, in everything it ever committed."""

    group: str
    at_ms: int
    phase: Phase
    members: int
    topics: tuple[TopicSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionVerdict:
    """What is wrong with a group in one partition; `seconds` is None where nobody knows."""

    topic: str
    partition: int
    verdict: Verdict
    lag: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LagVerdictChanged:
    """From here on this holds of the group (the key); partitions that are well are not named."""

    status: Status
    before: Status
    partitions: tuple[PartitionVerdict, ...]


LagEvent = LagSampled | LagVerdictChanged

EVENTS: tuple[type, ...] = get_args(LagEvent)
