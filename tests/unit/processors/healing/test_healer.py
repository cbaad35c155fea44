"""Something is done about a group that does not work: late, seldom, and only if it is allowed."""

from dataclasses import replace
from typing import Any

from processors.healing.decider import HEALER, Patient, Policy, adopt
from streams.events.healing import (
    Action,
    HealingPolicySet,
    HealingRefused,
    HealingRequested,
    TroubleNoted,
    TroubleOver,
)
from streams.events.lag import LagVerdictChanged, Status
from streams.plain import form_of
from tests.examples import EVENTS
from tests.given import cause

ALLOWED = Policy(restart=True, after_s=30, cooldown_s=120, per_hour=3)
SAMPLED = EVENTS["LagSampled"]
GROUP = "workers"


def verdict(status: Status) -> LagVerdictChanged:
    return LagVerdictChanged(status=status, before=Status.OK, partitions=())


def decided(*inputs: tuple[int, Any], policy: Policy = ALLOWED) -> list[Any]:
    """Return what is decided of inputs at seconds, restarting in between as after every kill."""
    state, events, form = Patient(), list[Any](), form_of(Patient)
    for offset, (second, event) in enumerate(inputs):
        given = cause(event, key=GROUP, offset=offset)._replace(recorded_at_ms=second * 1000)
        found = HEALER.decide(form.load(form.dump(state)), given, policy)
        state = HEALER.fold(found, state)
        events += found
    return events


def samples(first: int, last: int, step: int = 10) -> list[tuple[int, Any]]:
    return [(second, SAMPLED) for second in range(first, last + 1, step)]


def requested(second: int, lasts: int) -> HealingRequested:
    reason = f"it does not work for {lasts} s"
    return HealingRequested(action=Action.RESTART, target=GROUP, at_ms=second * 1000, reason=reason)


def test_trouble_that_lasts_is_healed_and_its_end_is_noted() -> None:
    assert decided(
        *samples(0, 90), (100, verdict(Status.ERR)), *samples(110, 140), (150, verdict(Status.OK))
    ) == [
        TroubleNoted(at_ms=100_000),
        requested(130, 30),
        TroubleOver(at_ms=150_000, since_ms=100_000),
    ]


def test_trouble_that_passes_is_left_alone() -> None:
    events = decided((0, verdict(Status.ERR)), *samples(10, 20), (25, verdict(Status.WARN)))
    assert events == [TroubleNoted(at_ms=0), TroubleOver(at_ms=25_000, since_ms=0)]


def test_a_group_that_is_only_slow_is_in_no_trouble() -> None:
    assert decided((0, verdict(Status.WARN)), *samples(10, 100)) == []


def test_what_was_done_rests_before_it_is_done_again_and_not_too_often() -> None:
    events = decided((0, verdict(Status.EMPTY)), *samples(10, 3000))
    assert events == [
        TroubleNoted(at_ms=0),
        requested(30, 30),
        requested(150, 150),
        requested(270, 270),
        HealingRefused(
            action=Action.RESTART,
            target=GROUP,
            at_ms=390_000,
            reason="too_often",
            detail="it was restarted 3 times within an hour",
        ),
    ]


def test_trouble_that_comes_and_goes_is_counted_together() -> None:
    flaps: list[tuple[int, Any]] = []
    for start in range(0, 2000, 200):
        flaps += [(start, verdict(Status.ERR)), *samples(start + 10, start + 40)]
        flaps += [(start + 50, verdict(Status.OK))]
    events = decided(*flaps)
    assert len([e for e in events if isinstance(e, HealingRequested)]) == 3


def test_after_an_hour_it_may_be_done_again() -> None:
    again = [(at, verdict(status)) for at, status in ((5, Status.OK), (4000, Status.ERR))]
    events = decided((0, verdict(Status.ERR)), *again, *samples(4010, 4030))
    assert events[-1] == requested(4030, 30)


def test_nothing_is_done_unless_it_is_allowed_and_that_is_said_once() -> None:
    events = decided((0, verdict(Status.ERR)), *samples(10, 1000), policy=HEALER.grid.initial)
    refused = HealingRefused(
        action=Action.RESTART,
        target=GROUP,
        at_ms=30_000,
        reason="not_allowed",
        detail="restarts are not allowed",
    )
    assert events == [TroubleNoted(at_ms=0), refused]


def test_the_policy_in_force_is_the_last_that_was_set() -> None:
    event = HealingPolicySet(restart=True, after_s=30, cooldown_s=120, per_hour=3)
    assert adopt(Policy(), event) == ALLOWED
    assert not adopt(ALLOWED, replace(event, restart=False)).restart
