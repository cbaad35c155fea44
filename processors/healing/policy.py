"""What may be done about trouble until somebody decides: nothing."""

from streams.events.healing import HealingPolicySet

#: A policy is the event that sets it.
NOTHING_ALLOWED = HealingPolicySet(restart=False, after_s=30.0, cooldown_s=120.0, per_hour=3)
