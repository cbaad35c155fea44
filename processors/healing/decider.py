"""When something is done about a group that does not work, and when not.

Trouble must last, and what was done must rest: a restart is lag of its own. Nothing is done that
the policy does not allow; then that is said, once for every trouble.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from streams.decider import Decider, Projection
from streams.envelope import Envelope
from streams.events.healing import (
    Action,
    HealingPolicySet,
    HealingRefused,
    HealingRequested,
    TroubleNoted,
    TroubleOver,
)
from streams.events.lag import LagSampled, LagVerdictChanged, Status
from streams.ids import ProcessorName
from streams.topics import OBSERVATIONS

HOUR_MS = 3_600_000

Inputs = LagSampled | LagVerdictChanged
Decided = TroubleNoted | TroubleOver | HealingRequested | HealingRefused


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be done; see `HealingPolicySet`."""

    restart: bool = False
    after_s: float = 30.0
    cooldown_s: float = 120.0
    per_hour: int = 3


@dataclass(frozen=True, slots=True)
class Patient:
    """Since when a group does not work, and when something was done about it within the hour."""

    since_ms: int | None = None
    asked_ms: tuple[int, ...] = ()
    refused: bool = False


def decide(state: Patient, cause: Envelope[Inputs], policy: Policy) -> tuple[Decided, ...]:
    """Note trouble and its end; do something about what lasts."""
    at_ms = cause.recorded_at_ms
    match cause.event:
        case LagVerdictChanged(status=status):
            return _noted(state, status, at_ms)
        case LagSampled():
            since_ms = state.since_ms
            if since_ms is None or at_ms - since_ms < policy.after_s * 1000:
                return ()
            return _about(state, cause.key, at_ms, at_ms - since_ms, policy)
        case _:
            assert_never(cause.event)


def evolve(state: Patient, event: Decided) -> Patient:
    """Remember what was done within the hour."""
    match event:
        case TroubleNoted(at_ms=at_ms):
            return replace(state, since_ms=at_ms, refused=False)
        case TroubleOver(at_ms=at_ms):
            return Patient(asked_ms=_within_the_hour(state, at_ms))
        case HealingRequested(at_ms=at_ms):
            return replace(state, asked_ms=(*_within_the_hour(state, at_ms), at_ms))
        case HealingRefused():
            return replace(state, refused=True)
        case _:
            assert_never(event)


def adopt(_: Policy, event: HealingPolicySet) -> Policy:
    """Return the policy in force."""
    return Policy(event.restart, event.after_s, event.cooldown_s, event.per_hour)


def _noted(state: Patient, status: Status, at_ms: int) -> tuple[Decided, ...]:
    trouble = status in (Status.ERR, Status.EMPTY)
    if trouble and state.since_ms is None:
        return (TroubleNoted(at_ms=at_ms),)
    if not trouble and state.since_ms is not None:
        return (TroubleOver(at_ms=at_ms, since_ms=state.since_ms),)
    return ()


def _about(
    state: Patient, group: str, at_ms: int, lasts_ms: int, policy: Policy
) -> tuple[Decided, ...]:
    """Return what is done about trouble that lasts."""
    asked = _within_the_hour(state, at_ms)
    if asked and at_ms - asked[-1] < policy.cooldown_s * 1000:
        return ()
    if not policy.restart:
        return _refused(state, group, at_ms, "not_allowed", "restarts are not allowed")
    if len(asked) >= policy.per_hour:
        detail = f"it was restarted {len(asked)} times within an hour"
        return _refused(state, group, at_ms, "too_often", detail)
    reason = f"it does not work for {lasts_ms / 1000:.0f} s"
    return (HealingRequested(action=Action.RESTART, target=group, at_ms=at_ms, reason=reason),)


def _refused(
    state: Patient, group: str, at_ms: int, reason: str, detail: str
) -> tuple[Decided, ...]:
    if state.refused:
        return ()
    return (
        HealingRefused(
            action=Action.RESTART, target=group, at_ms=at_ms, reason=reason, detail=detail
        ),
    )


def _within_the_hour(state: Patient, at_ms: int) -> tuple[int, ...]:
    return tuple([asked for asked in state.asked_ms if at_ms - asked < HOUR_MS])


HEALER: Decider[Patient, Inputs, Decided, Policy] = Decider(
    name=ProcessorName("healer"),
    version=1,
    topic=OBSERVATIONS,
    reads=(LagSampled, LagVerdictChanged),
    writes=(TroubleNoted, TroubleOver, HealingRequested, HealingRefused),
    initial=Patient(),
    decide=decide,
    evolve=evolve,
    grid=Projection(reads=(HealingPolicySet,), initial=Policy(), evolve=adopt),
)
