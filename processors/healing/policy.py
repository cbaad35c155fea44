"""What may be done about trouble, as somebody decided; until then nothing may."""

from dataclasses import dataclass, fields

from streams.events.healing import HealingPolicySet


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be done; see `HealingPolicySet`."""

    restart: bool = False
    after_s: float = 30.0
    cooldown_s: float = 120.0
    per_hour: int = 3
    workers_min: int = 1
    workers_max: int = 1
    behind_s: float = 30.0
    breakers: bool = False
    failed_share: float = 0.5
    calls_min: int = 5
    open_s: float = 30.0


def policy_of(event: HealingPolicySet) -> Policy:
    """Return the policy that was set."""
    return Policy(**{field.name: getattr(event, field.name) for field in fields(Policy)})
