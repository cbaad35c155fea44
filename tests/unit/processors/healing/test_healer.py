"""Something is done about a group in trouble: late, seldom, and only if it is allowed."""

from dataclasses import replace
from functools import reduce
from typing import Any

from processors.healing.decider import HEALER, Patient
from processors.healing.load import Known
from processors.healing.policy import NOTHING_ALLOWED
from streams.events.healing import (
    Action,
    HealingPolicySet,
    HealingRefused,
    HealingRequested,
    TroubleNoted,
    TroubleOver,
)
from streams.events.lag import (
    LagSampled,
    LagVerdictChanged,
    PartitionSample,
    Phase,
    Status,
    TopicSample,
)
from streams.plain import form_of
from streams.pmap import PMap
from tests.examples import EVENTS
from tests.given import cause

ALLOWED = HealingPolicySet(restart=True, after_s=30, cooldown_s=120, per_hour=3)
SAMPLED = EVENTS["LagSampled"]
GROUP = "workers"


def verdict(status: Status) -> LagVerdictChanged:
    return LagVerdictChanged(status=status, before=Status.OK, partitions=())


def decided(*inputs: tuple[int, Any], policy: HealingPolicySet = ALLOWED) -> list[Any]:
    """Return what is decided of inputs at seconds, restarting in between as after every kill."""
    state, events, form = Patient(), list[Any](), form_of(Patient)
    known, facts = Known(policy, PMap()), form_of(Known)
    for offset, (second, event) in enumerate(inputs):
        given = cause(event, key=GROUP, offset=offset)._replace(recorded_at_ms=second * 1000)
        if isinstance(event, HEALER.grid.reads):
            known = facts.load(facts.dump(HEALER.grid.evolve(known, event)))
        found = HEALER.decide(form.load(form.dump(state)), given, known)
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
    events = decided((0, verdict(Status.ERR)), *samples(10, 1000), policy=NOTHING_ALLOWED)
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
    known = reduce(HEALER.grid.evolve, (replace(event, restart=False), event), HEALER.grid.initial)
    assert known.policy == event == ALLOWED


# -- more workers, and fewer


SCALED = replace(ALLOWED, workers_max=3, behind_s=20)


def lags(first: int, last: int, seconds: float, members: int = 1) -> list[tuple[int, Any]]:
    """Return a sample every ten seconds of a group that is so far behind."""
    return [(at, lagging(at, seconds, members)) for at in range(first, last + 1, 10)]


def test_a_time_that_nobody_knows_says_nothing_of_how_far_behind_a_group_is() -> None:
    untold = [(at, lagging(at, None, 1)) for at in range(20, 40, 10)]
    behind = [*lags(10, 10, 25.0), *untold, *lags(40, 40, 25.0)]
    assert decided(*behind, policy=SCALED) == [scale(40, 2, "25 s behind, for 30 s")]
    idle = [*lags(10, 60, 1.0, 2), *((at, lagging(at, None, 2)) for at in range(70, 900, 10))]
    assert decided(*idle[:1], *idle[6:], policy=SCALED) == []


def lagging(at: int, seconds: float | None, members: int) -> LagSampled:
    partition = PartitionSample(
        partition=0,
        first=0,
        end=9,
        committed=9 if seconds == 0 else 5,
        committed_at_ms=None,
        oldest_at_ms=None if not seconds else round((at - seconds) * 1000),
    )
    topic = TopicSample(topic="orders", identity="one", partitions=(partition,))
    return LagSampled(
        group=GROUP, at_ms=at * 1000, phase=Phase.STABLE, members=members, topics=(topic,)
    )


def scale(second: int, workers: int, reason: str) -> HealingRequested:
    return HealingRequested(
        action=Action.SCALE, target=GROUP, at_ms=second * 1000, reason=reason, workers=workers
    )


def test_lag_that_lasts_calls_for_another_worker_one_at_a_time_up_to_the_bound() -> None:
    waits = [*lags(10, 50, 25.0), *lags(60, 170, 30.0, members=2), *lags(180, 900, 30.0, 3)]
    assert decided(*waits, policy=SCALED) == [
        scale(40, 2, "25 s behind, for 30 s"),
        scale(160, 3, "30 s behind, for 150 s"),
    ]


def test_a_worker_that_has_long_had_little_to_do_is_let_go_down_to_the_bound() -> None:
    idle = [*lags(10, 140, 1.0, members=2), *lags(150, 900, 0.0, members=1)]
    assert decided(*idle, policy=SCALED) == [scale(130, 1, "little to do for 120 s")]
    assert decided(*idle, policy=replace(SCALED, workers_min=2)) == []


def test_lag_between_the_bounds_or_that_comes_and_goes_changes_nothing() -> None:
    between = lags(10, 1000, 10.0, members=2)
    flapping = [lag for at in range(10, 1000, 30) for lag in lags(at, at + 20, 30.0 * (at % 20), 2)]
    assert decided(*between, policy=SCALED) == []
    assert decided(*flapping, policy=SCALED) == []


def test_nobody_is_hired_unless_it_is_allowed_nor_for_a_group_that_does_not_work() -> None:
    assert decided(*lags(10, 900, 60.0), policy=ALLOWED) == []
    assert decided(*lags(10, 900, 60.0, members=0), policy=SCALED) == []
    stopped = decided((5, verdict(Status.ERR)), *lags(10, 90, 60.0), policy=SCALED)
    assert stopped == [TroubleNoted(at_ms=5000), requested(40, 35)]


def test_who_was_refused_another_worker_is_not_asked_at_once_again() -> None:
    events = decided(*lags(10, 700, 60.0), policy=SCALED)
    assert [event.at_ms // 1000 for event in events] == [40, 640]


def test_what_a_restart_left_behind_rests_before_anybody_is_hired() -> None:
    stopped = (0, verdict(Status.ERR)), *lags(10, 30, 40.0), (35, verdict(Status.OK))
    events = decided(*stopped, *lags(40, 160, 40.0), policy=SCALED)
    assert events[-1] == scale(150, 2, "40 s behind, for 140 s")
    assert len(events) == 4


def test_an_older_sample_decides_nothing() -> None:
    late = [*lags(10, 30, 60.0), (41, lagging(20, 60.0, 1)), (42, lagging(39, 60.0, 1))]
    assert decided(*late, policy=SCALED) == []
    assert decided(*late, (43, lagging(40, 60.0, 1)), policy=SCALED) != []
