"""A model that fails is left alone, tried again and called again; only if that is allowed."""

from dataclasses import replace
from functools import reduce
from typing import Any

from processors.healing.breaker import BREAKER, Breaker, Calls
from streams.events.healing import (
    Action,
    BreakerClosed,
    BreakerOpened,
    CallsCounted,
    HealingPolicySet,
    HealingRefused,
)
from streams.plain import form_of
from tests.given import cause

TARGET = "model/gpt"
ALLOWED = HealingPolicySet(
    restart=False, after_s=30, cooldown_s=120, per_hour=3,
    breakers=True, failed_share=0.5, calls_min=4, open_s=30,
)  # fmt: skip


def calls(second: int, answered: int = 0, failed: int = 0, refused: int = 0) -> CallsCounted:
    return CallsCounted(
        target=TARGET, at_ms=second * 1000, answered=answered, failed=failed, refused=refused
    )


def decided(*inputs: CallsCounted | HealingPolicySet, policy: Any = ALLOWED) -> list[Any]:
    """Return what is decided, restarting in between as after every kill."""
    state, events, form = Breaker(), list[Any](), form_of(Breaker)
    known, facts = reduce(BREAKER.grid.evolve, (policy,), BREAKER.grid.initial), form_of(Calls)
    for offset, event in enumerate(inputs):
        known = facts.load(facts.dump(BREAKER.grid.evolve(known, event)))
        if isinstance(event, CallsCounted):
            given = cause(event, key=TARGET, offset=offset)
            found = BREAKER.decide(form.load(form.dump(state)), given, known)
            state = BREAKER.fold(found, state)
            events += found
    return events


def opened(second: int, reason: str, total: int, failed: int, since: int) -> BreakerOpened:
    return BreakerOpened(
        target=TARGET,
        at_ms=second * 1000,
        until_ms=(second + 30) * 1000,
        since_ms=since * 1000,
        calls=total,
        failed=failed,
        reason=reason,
    )


def closed(second: int, since: int, reason: str = "a trial was answered") -> BreakerClosed:
    return BreakerClosed(target=TARGET, at_ms=second * 1000, since_ms=since * 1000, reason=reason)


OPENED = opened(14, "3 of 5 calls failed", 5, 3, 14)
FAILING = (calls(10, answered=2, failed=1), calls(14, failed=2))


def test_a_model_is_left_alone_when_too_many_calls_of_a_minute_failed() -> None:
    assert decided(*FAILING) == [OPENED]


def test_few_calls_or_few_failures_or_old_ones_are_no_reason() -> None:
    assert decided(calls(10, failed=3)) == []
    assert decided(calls(10, failed=3), calls(20, answered=9)) == []
    assert decided(calls(10, failed=3), calls(70, failed=1)) == []
    assert decided(calls(10, failed=3), calls(69, failed=1)) != []


def test_calls_that_are_answered_open_nothing_however_many_failed_before() -> None:
    assert decided(calls(10, failed=3), calls(20, answered=1)) == []


def test_a_trial_that_is_answered_closes_it_and_what_failed_before_is_forgotten() -> None:
    back = calls(46, answered=1)
    assert decided(*FAILING, calls(20, refused=9), back, calls(48, failed=3)) == [
        OPENED,
        closed(46, since=14),
    ]


def test_a_trial_that_fails_leaves_it_alone_for_as_long_again() -> None:
    assert decided(*FAILING, calls(46, failed=1), calls(60, answered=1), calls(80, answered=1)) == [
        OPENED,
        opened(46, "a trial failed", 1, 1, 14),
        closed(80, since=14),
    ]


def test_calls_that_were_on_their_way_when_it_opened_say_nothing() -> None:
    assert decided(*FAILING, calls(20, answered=5), calls(30, failed=5)) == [OPENED]
    assert decided(*FAILING, calls(50, refused=5)) == [OPENED]


def test_nothing_is_left_alone_unless_it_is_allowed_and_that_is_said_once_an_hour() -> None:
    refused = HealingRefused(
        action=Action.BREAK,
        target=TARGET,
        at_ms=14_000,
        reason="not_allowed",
        detail="3 of 5 calls failed, and breakers are not allowed",
    )
    never = replace(ALLOWED, breakers=False)
    assert decided(*FAILING, calls(20, failed=9), policy=never) == [refused]
    later = decided(*FAILING, calls(3620, failed=9), policy=never)
    assert [each.at_ms for each in later] == [14_000, 3_620_000]


def test_one_that_is_open_closes_when_it_is_no_longer_allowed() -> None:
    over = closed(20, 14, "breakers are no longer allowed")
    assert decided(*FAILING, replace(ALLOWED, breakers=False), calls(20, refused=1)) == [
        OPENED,
        over,
    ]
