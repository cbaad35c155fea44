"""What the grid does about its own trouble: what is allowed, asked for, and came of it.

The key is the consumer group that is in trouble; the policy is a fact of the whole grid.
"""

from dataclasses import dataclass
from enum import Enum
from typing import get_args


class Action(Enum):
    """What may be done."""

    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingPolicySet:
    """Someone decides what may be done; until then nothing may.

    Trouble has to last for `after_s`; what was done rests for `cooldown_s`, and is done at most
    `per_hour` times an hour.
    """

    restart: bool
    after_s: float
    cooldown_s: float
    per_hour: int


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
    """Whoever runs the group's workers is to act, for this reason."""

    action: Action
    target: str
    at_ms: int
    reason: str


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


HealingEvent = (
    HealingPolicySet | TroubleNoted | TroubleOver | HealingRequested | HealingRefused | HealingDone
)

EVENTS: tuple[type, ...] = get_args(HealingEvent)
