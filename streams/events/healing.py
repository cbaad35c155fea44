"""What the grid does about its own trouble: what is allowed, asked for, and came of it.

The key is the consumer group that is in trouble, or the model (`model/NAME`) that is left alone;
the policy is a fact of the whole grid.
"""

from dataclasses import dataclass
from enum import Enum
from typing import get_args


class Action(Enum):
    """What may be done."""

    RESTART = "restart"
    SCALE = "scale"
    BREAK = "break"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingPolicySet:
    """Someone decides what may be done; until then nothing may.

    Trouble has to last for `after_s`; what was done rests for `cooldown_s`, and a restart is done
    at most `per_hour` times an hour. A group that is `behind_s` behind gets another worker, up to
    `workers_max`. With `breakers`, a model is left alone for `open_s` when `failed_share` of its
    calls within a minute failed, if those were `calls_min` or more.
    """

    restart: bool
    after_s: float
    cooldown_s: float
    per_hour: int
    workers_min: int = 1
    workers_max: int = 1
    behind_s: float = 30.0
    breakers: bool = False
    failed_share: float = 0.5
    calls_min: int = 5
    open_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleNoted:
    """The group does not work from here on; the observer's verdict says why."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleOver:
    """The group works again."""

    at_ms: int
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingRequested:
    """Whoever runs the group's workers is to act, for this reason.

    To scale is to have so many `workers`; asking twice for the same changes nothing.
    """

    action: Action
    target: str
    at_ms: int
    reason: str
    workers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingRefused:
    """Nothing is done; `reason` is a code, `detail` says what would have to be otherwise."""

    action: Action
    target: str
    at_ms: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingDone:
    """It was done; `detail` says to what."""

    action: Action
    target: str
    at_ms: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsCounted:
    """What became of a worker's calls of a model since it last told: `failed` found it away.

    Those that were `refused` found the breaker open.
    """

    target: str
    at_ms: int
    answered: int
    failed: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOpened:
    """The target is not called until a time; from then on one call after the other tries it.

    `since_ms` is when it was first left alone; `calls` and `failed` are what that rests on.
    """

    target: str
    at_ms: int
    until_ms: int
    since_ms: int
    calls: int
    failed: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerClosed:
    """The target is called again as before."""

    target: str
    at_ms: int
    since_ms: int
    reason: str


HealingEvent = (
    HealingPolicySet
    | TroubleNoted
    | TroubleOver
    | HealingRequested
    | HealingRefused
    | HealingDone
    | CallsCounted
    | BreakerOpened
    | BreakerClosed
)

EVENTS: tuple[type, ...] = get_args(HealingEvent)
