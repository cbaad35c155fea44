"""When something is done about a group that does not work or keep up, and when not.

Trouble must last, and what was done must rest: a restart is lag of its own. Nothing is done that
the policy does not allow; then that is said, once for every trouble.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from processors.healing.load import NOTHING_KNOWN, Known, Load, learn
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
#: A worker is let go when there was little to do for so many times what trouble has to last.
IDLE_TIMES = 4
#: Whoever did not get so many workers is asked for them again after this.
ASK_AGAIN_MS = 600_000

Inputs = LagSampled | LagVerdictChanged
Decided = TroubleNoted | TroubleOver | HealingRequested | HealingRefused


@dataclass(frozen=True, slots=True)
class Patient:
    """Since when a group does not work, and when it was restarted within the hour.

    `scaled_ms` is when so many `workers` were asked for.
    """

    since_ms: int | None = None
    asked_ms: tuple[int, ...] = ()
    refused: bool = False
    scaled_ms: int | None = None
    workers: int = 0


def decide(state: Patient, cause: Envelope[Inputs], known: Known) -> tuple[Decided, ...]:
    """Note trouble and its end; do something about what lasts."""
    at_ms = cause.recorded_at_ms
    match cause.event:
        case LagVerdictChanged(status=status):
            return _noted(state, status, at_ms)
        case LagSampled():
            if state.since_ms is None:
                return _scaled(state, cause.event, known, at_ms)
            if at_ms - state.since_ms < known.policy.after_s * 1000:
                return ()
            return _about(state, cause.key, at_ms, at_ms - state.since_ms, known.policy)
        case _:
            assert_never(cause.event)


def evolve(state: Patient, event: Decided) -> Patient:
    """Remember what was done within the hour."""
    match event:
        case TroubleNoted(at_ms=at_ms):
            return replace(state, since_ms=at_ms, refused=False)
        case TroubleOver(at_ms=at_ms):
            asked = _within_the_hour(state, at_ms)
            return replace(state, since_ms=None, asked_ms=asked, refused=False)
        case HealingRequested(action=Action.SCALE, at_ms=at_ms, workers=workers):
            return replace(state, scaled_ms=at_ms, workers=workers or 0)
        case HealingRequested(at_ms=at_ms):
            return replace(state, asked_ms=(*_within_the_hour(state, at_ms), at_ms))
        case HealingRefused():
            return replace(state, refused=True)
        case _:
            assert_never(event)


def _noted(state: Patient, status: Status, at_ms: int) -> tuple[Decided, ...]:
    trouble = status in (Status.ERR, Status.EMPTY)
    if trouble and state.since_ms is None:
        return (TroubleNoted(at_ms=at_ms),)
    if not trouble and state.since_ms is not None:
        return (TroubleOver(at_ms=at_ms, since_ms=state.since_ms),)
    return ()


def _about(
    state: Patient, group: str, at_ms: int, lasts_ms: int, policy: HealingPolicySet
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


def _scaled(state: Patient, sampled: LagSampled, known: Known, at_ms: int) -> tuple[Decided, ...]:
    """Return whether the group is to have another worker, or one less."""
    load, policy = known.loads.get(sampled.group), known.policy
    if load is None or not load.members:
        return ()  # nobody to help
    last_ms = max([state.scaled_ms or 0, *state.asked_ms])
    if last_ms and at_ms - last_ms < policy.cooldown_s * 1000:
        return ()
    behind_s, idle_s = _lasts_s(load.behind_since_ms, load), _lasts_s(load.idle_since_ms, load)
    if behind_s >= policy.after_s and load.members < policy.workers_max:
        workers, reason = load.members + 1, f"{load.seconds:.0f} s behind, for {behind_s:.0f} s"
    elif idle_s >= policy.after_s * IDLE_TIMES and load.members > policy.workers_min:
        workers, reason = load.members - 1, f"little to do for {idle_s:.0f} s"
    else:
        return ()
    if workers == state.workers and at_ms - (state.scaled_ms or 0) < ASK_AGAIN_MS:
        return ()  # whoever runs the workers has said why not, or they are on their way
    return (
        HealingRequested(
            action=Action.SCALE, target=sampled.group, at_ms=at_ms, reason=reason, workers=workers
        ),
    )


def _lasts_s(since_ms: int | None, load: Load) -> float:
    return -1.0 if since_ms is None else (load.at_ms - since_ms) / 1000


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


HEALER: Decider[Patient, Inputs, Decided, Known] = Decider(
    name=ProcessorName("healer"),
    version=3,
    topic=OBSERVATIONS,
    reads=(LagSampled, LagVerdictChanged),
    writes=(TroubleNoted, TroubleOver, HealingRequested, HealingRefused),
    initial=Patient(),
    decide=decide,
    evolve=evolve,
    grid=Projection(reads=(HealingPolicySet, LagSampled), initial=NOTHING_KNOWN, evolve=learn),
)
