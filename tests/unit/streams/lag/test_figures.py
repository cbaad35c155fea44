"""What is told of a group: seconds and how they are known, rates, trend, and the words."""

import pytest

from streams.events.lag import LagSampled, Phase, Status, Verdict
from streams.lag.figures import GONE_MS, GroupFigures, Method, Trend, figures, group_figures
from streams.lag.groups import FORGOTTEN_MS, GROUPS_MAX, Lags, learn
from tests.unit.streams.lag.world import START_MS, World, sampled


def told(world: World) -> GroupFigures:
    (only,) = figures(world.lags)
    return only


def test_no_lag_is_zero_seconds() -> None:
    world = World()
    world.seconds(3, produced=10, consumed=100)
    group = told(world)
    assert (group.total.lag, group.total.seconds, group.total.trend) == (0, 0.0, Trend.NONE)
    assert group.partitions[0].method is Method.EXACT
    assert group.total.catch_up_s == 0.0


def test_with_fewer_than_two_points_seconds_are_unknown_and_never_zero() -> None:
    world = World(exact=False)
    world.produce(10)
    world.look()
    group = told(world)
    assert (group.total.lag, group.total.seconds) == (10, None)
    assert group.partitions[0].method is Method.UNKNOWN


@pytest.mark.parametrize("pace", [(10, 5), (50, 30), (100, 1), (1, 0)])
def test_exact_seconds_are_the_age_of_the_first_record_that_waits(pace: tuple[int, int]) -> None:
    world = World()
    world.seconds(90, *pace)
    group = told(world)
    assert group.partitions[0].method is Method.EXACT
    assert group.total.seconds == world.true_seconds > 10


@pytest.mark.parametrize("pace", [(10, 5), (50, 30), (100, 1), (10, 0)])
def test_interpolated_seconds_are_right_to_a_tenth(pace: tuple[int, int]) -> None:
    world = World(exact=False)
    for _ in range(90):
        world.second(*pace)
    group = told(world)
    assert group.partitions[0].method is Method.INTERPOLATED
    assert group.total.seconds == pytest.approx(world.true_seconds, rel=0.1)
    assert world.true_seconds > 10


def test_one_record_after_an_idle_hour_is_as_old_as_it_is() -> None:
    for exact in (True, False):
        world = World(exact=exact)
        world.seconds(5, produced=10, consumed=100)
        world.seconds(3_600, commits=False)
        world.now_ms += 500
        world.produce()
        world.seconds(3, commits=False)
        assert told(world).total.seconds == pytest.approx(3.0, abs=0.6)


def test_rates_trend_and_the_time_to_catch_up() -> None:
    world = World()
    world.produce(10_000)
    world.seconds(30, produced=50, consumed=100)
    group = told(world)
    assert group.total.in_rate == pytest.approx(50, rel=0.05)
    assert group.total.out_rate == pytest.approx(100, rel=0.05)
    assert group.total.trend is Trend.SHRINKING
    assert group.total.catch_up_s == pytest.approx(group.total.lag / 50, rel=0.1)


def test_lag_that_grows_is_never_caught_up() -> None:
    world = World()
    world.seconds(30, produced=50, consumed=30)
    group = told(world)
    assert (group.total.trend, group.total.catch_up_s, group.total.status) == (
        Trend.GROWING,
        None,
        Status.WARN,
    )


def test_a_rate_falls_when_nothing_is_committed_any_more() -> None:
    world = World()
    world.seconds(20, produced=50, consumed=40)
    before = told(world).total.out_rate
    world.seconds(20, produced=50, commits=False)
    assert told(world).total.out_rate < before / 2


def test_a_verdict_says_what_it_rests_on() -> None:
    world = World()
    world.seconds(20, produced=50, consumed=50)
    world.seconds(12, produced=50, commits=False)
    row = told(world).partitions[0]
    assert row.verdict is Verdict.STOP
    assert row.reason == "nothing committed for 12 s, and 600 records wait"


def test_an_older_sample_changes_nothing() -> None:
    world = World()
    world.seconds(3, produced=10)
    assert learn(world.lags, sampled(world, at_ms=world.now_ms - 1)) is world.lags
    assert learn(world.lags, sampled(world)) is world.lags


def test_the_worst_group_comes_first() -> None:
    lags = Lags()
    for name, pace in {
        "idle": (0, 0),
        "slow": (50, 30),
        "left": (50, 30),
        "stuck": (50, 0),
    }.items():
        world = World(name=name, lags=lags)
        world.seconds(20, *pace)
        if name == "left":
            world.members = 0
            world.seconds(20, *pace, commits=False)
        lags = world.lags
    assert [(group.group, group.total.status) for group in figures(lags)] == [
        ("stuck", Status.ERR),
        ("left", Status.EMPTY),
        ("slow", Status.WARN),
        ("idle", Status.OK),
    ]


def test_partitions_that_have_no_offsets_any_more_are_forgotten() -> None:
    world = World()
    world.seconds(3, produced=10)
    world.now_ms += 1_000
    world.lags = learn(world.lags, sampled(world, topics=()))
    assert group_figures(world.group).partitions == ()
    assert group_figures(world.group).total.status is Status.OK


def named(number: int, at_ms: int) -> LagSampled:
    return LagSampled(group=f"tool-{number}", at_ms=at_ms, phase=Phase.EMPTY, members=0, topics=())


def test_groups_that_are_gone_for_long_do_not_fill_the_memory() -> None:
    lags = Lags()
    for number in range(GROUPS_MAX):
        lags = learn(lags, named(number, START_MS))
    late = START_MS + FORGOTTEN_MS + 1
    lags = learn(lags, named(GROUPS_MAX, late))
    assert [name for name, _ in lags.groups.items()] == [f"tool-{GROUPS_MAX}"]


def test_a_group_that_is_no_longer_looked_at_is_gone_after_a_minute() -> None:
    stays, goes = 1, 2
    lags = learn(learn(Lags(), named(stays, START_MS)), named(goes, START_MS))
    lags = learn(lags, named(stays, START_MS + GONE_MS))
    assert len(figures(lags)) == 2
    lags = learn(lags, named(stays, START_MS + GONE_MS + 1))
    assert [group.group for group in figures(lags)] == [named(stays, 0).group]
