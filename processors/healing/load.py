"""Since when which group is behind, or has nothing to do: the fold of all that was sampled.

The two bounds lie apart, and each must hold for a while: what was done about one must not cause the
other.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from processors.healing.policy import NOTHING_ALLOWED
from streams.events.healing import HealingPolicySet
from streams.events.lag import LagSampled
from streams.lag.behind import behind_s
from streams.pmap import PMap

#: A group has little to do with less than this share of the lag that calls for another worker.
IDLE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """A group as it was sampled last."""

    at_ms: int = 0
    members: int = 0
    seconds: float = 0.0
    behind_since_ms: int | None = None
    idle_since_ms: int | None = None


UNSEEN = Load()


@dataclass(frozen=True, slots=True)
class Known:
    """The policy in force, and the groups since it is."""

    policy: HealingPolicySet
    loads: PMap[Load]


NOTHING_KNOWN = Known(NOTHING_ALLOWED, PMap())


def learn(known: Known, event: HealingPolicySet | LagSampled) -> Known:
    """Return what is known after another policy or sample; an older sample changes nothing."""
    match event:
        case HealingPolicySet():
            return Known(event, PMap())
        case LagSampled(group=group, at_ms=at_ms):
            before = known.loads.get(group) or UNSEEN
            if at_ms <= before.at_ms:
                return known
            return replace(known, loads=known.loads.put(group, _next(before, event, known.policy)))
        case _:
            assert_never(event)


def _next(before: Load, sampled: LagSampled, policy: HealingPolicySet) -> Load:
    seconds = behind_s(sampled)
    if seconds is None:  # records wait, nobody knows how long
        return replace(before, at_ms=sampled.at_ms, members=sampled.members, idle_since_ms=None)
    return Load(
        sampled.at_ms,
        sampled.members,
        seconds,
        _since(before.behind_since_ms, sampled.at_ms, seconds >= policy.behind_s),
        _since(before.idle_since_ms, sampled.at_ms, seconds <= policy.behind_s * IDLE_SHARE),
    )


def _since(before: int | None, at_ms: int, holds: bool) -> int | None:
    if not holds:
        return None
    return at_ms if before is None else before
