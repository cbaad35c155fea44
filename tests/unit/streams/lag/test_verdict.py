"""Every situation gets its verdict within fifteen seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.lag import Phase, Verdict
from streams.lag.verdict import SPAN_MIN_MS
from tests.unit.streams.lag.world import World

SOON_S = 15
OK, WARN, STOP = Verdict.OK, Verdict.WARN, Verdict.STOP
STALL, REWIND, EMPTY = Verdict.STALL, Verdict.REWIND, Verdict.EMPTY


def healthy(seconds: int = 20) -> World:
    """A group that keeps up, watched for a while."""
    world = World()
    assert set(world.seconds(seconds, produced=50, consumed=100)) == {OK}
    return world


def test_a_reader_that_keeps_up_is_well() -> None:
    assert healthy(60).group.windows[0].lag == 0


def test_a_steady_slow_reader_is_warned_of() -> None:
    world = World()
    world.produce(100)
    assert world.seconds(SOON_S, produced=50, consumed=30)[-1] is WARN
    assert set(world.seconds(60, produced=50, consumed=30)) == {WARN}


def test_a_reader_that_becomes_too_slow_is_warned_of_before_it_is_far_behind() -> None:
    world = healthy()
    assert world.seconds(12, produced=50, consumed=40)[-1] is WARN
    assert world.group.windows[0].lag < 150


def test_lag_that_seems_to_shrink_for_a_moment_is_no_sign_of_health() -> None:
    world = healthy()
    slow = [(50, 30)] * 5 + [(32, 34)] + [(50, 30)] * 6
    verdicts = [world.second(produced, consumed) for produced, consumed in slow]
    assert verdicts[-1] is WARN


def test_a_reader_that_regains_what_it_lost_is_no_slow_one() -> None:
    world = healthy()
    pace = [(50, 30)] * 5 + [(10, 34)] + [(50, 30)] * 6
    assert {world.second(produced, consumed) for produced, consumed in pace} == {OK}


def test_lag_that_stays_as_it_is_never_shrinks() -> None:
    world = World()
    world.produce(200)
    assert world.seconds(SOON_S, produced=50, consumed=50)[-1] is WARN


def test_lag_that_stays_as_it_is_is_no_trouble_while_it_is_what_is_on_its_way() -> None:
    world = World()
    world.produce(80)
    assert set(world.seconds(60, produced=50, consumed=50)) == {OK}


def test_a_reader_that_is_a_little_too_slow_is_warned_of_in_the_end() -> None:
    world = World()
    assert world.seconds(120, produced=50, consumed=48)[-1] is WARN


def test_what_was_appended_since_a_commit_is_no_lag_of_its_reader() -> None:
    world = World()
    for _ in range(60):
        for tenth in range(10):
            world.now_ms += 100
            world.produce(5)
            if tenth == 4:
                world.consume(world.end)
                world.commit()
        assert world.look() is OK
        assert world.group.windows[0].lag == 25


def test_records_that_a_broker_lost_are_no_rewind() -> None:
    world = healthy()
    del world.appended[-100:]
    world.read = world.end
    world.commit()
    assert set(world.seconds(20, produced=20, consumed=10)[:5]) == {OK}


def test_a_reader_that_catches_up_is_well_however_much_is_left() -> None:
    world = World()
    world.produce(10_000)
    assert set(world.seconds(60, produced=50, consumed=60)) == {OK}


def test_a_paused_reader_has_stopped() -> None:
    world = healthy()
    assert world.seconds(SOON_S, produced=50, commits=False)[-1] is STOP


def test_a_pause_shorter_than_the_window_is_no_stop() -> None:
    world = healthy()
    assert set(world.seconds(SPAN_MIN_MS // 1000, produced=50, commits=False)) == {OK}
    assert set(world.seconds(30, produced=50, consumed=500)) == {OK}


def test_a_killed_reader_leaves_an_empty_group() -> None:
    world = healthy()
    world.seconds(6, produced=50, commits=False)
    world.members, world.phase = 0, Phase.EMPTY
    assert world.seconds(SOON_S - 6, produced=50, commits=False)[-1] is EMPTY


def test_a_reader_that_belongs_to_no_group_but_commits_is_well() -> None:
    world = World(members=0, phase=Phase.EMPTY)
    world.produce(1_000)
    assert set(world.seconds(60, produced=50, consumed=60)) == {OK}


def test_a_reader_that_went_back_is_told_so_until_it_has_regained_what_it_had() -> None:
    world = healthy()
    world.read = 100
    assert world.second(produced=50, consumed=10) is REWIND
    assert set(world.seconds(5, produced=50, consumed=10)) == {REWIND}
    world.consume(world.end)
    assert world.second(produced=50, consumed=100) is OK


def test_a_reader_that_commits_without_moving_is_stalled() -> None:
    world = healthy()
    assert world.seconds(SOON_S, produced=50, consumed=0)[-1] is STALL


def test_a_reader_that_says_that_it_is_working_is_well_however_long_that_takes() -> None:
    world = healthy()
    world.working = True
    assert set(world.seconds(120, produced=50, consumed=0)) == {OK}
    world.working = False
    assert world.second(produced=50, consumed=0) is STALL


def test_one_that_was_working_and_says_nothing_any_more_has_stopped() -> None:
    world = healthy()
    world.working = True
    assert set(world.seconds(20, produced=50, consumed=0)) == {OK}
    assert world.seconds(SOON_S, produced=50, commits=False)[-1] is STOP


@pytest.mark.parametrize("every_s", [1, 10, 60, 120])
@pytest.mark.parametrize("commits", range(1, 10))
def test_one_that_was_not_seen_for_long_may_take_as_long_as_it_took_before(
    every_s: int, commits: int
) -> None:
    world = World()
    for _ in range(commits):
        world.produce(5)
        assert set(world.seconds(every_s - 1, produced=5, commits=False)) <= {OK}
        world.second(produced=5, consumed=world.end)
    assert set(world.seconds(2 * every_s, produced=5, commits=False)) == {OK}
    assert world.seconds(10 * every_s + 300, produced=5, commits=False)[-1] is STOP


def test_one_that_stalls_while_records_wait_is_not_called_slow_first() -> None:
    world = World()
    world.produce(40)
    before = [world.second(produced=50, consumed=40 + 20 * (n % 2)) for n in range(21)]
    assert set(before) == {OK}
    assert set(world.seconds(SOON_S, produced=50)) == {OK, STALL}


def test_one_that_stalls_after_it_was_always_a_little_behind_is_not_called_slow_first() -> None:
    world = World()
    world.produce(40)
    assert set(world.seconds(21, produced=50, consumed=50)) == {OK}
    assert set(world.seconds(SOON_S, produced=50)) == {OK, STALL}


def test_an_idle_topic_that_gets_one_record_is_well_once_it_is_read() -> None:
    world = healthy()
    assert set(world.seconds(3_600, commits=False)) == {OK}
    world.produce()
    assert set(world.seconds(2, commits=False)) == {OK}
    assert world.second(consumed=10) is OK


def test_an_idle_topic_whose_one_record_nobody_reads_has_stopped() -> None:
    world = healthy()
    world.seconds(3_600, commits=False)
    world.produce()
    verdicts = world.seconds(SOON_S, commits=False)
    assert (verdicts[0], verdicts[-1]) == (OK, STOP)


def test_a_group_without_members_and_without_lag_is_well() -> None:
    world = healthy()
    world.members, world.phase = 0, Phase.EMPTY
    assert set(world.seconds(60, commits=False)) == {OK}


def test_a_topic_that_is_created_anew_is_no_rewind() -> None:
    world = healthy()
    world.recreate()
    assert set(world.seconds(30, produced=50, consumed=100)) == {OK}


def test_a_commit_to_the_namesake_of_a_topic_is_no_rewind() -> None:
    world = healthy()
    old = world.committed
    world.recreate()
    world.committed = old  # its group has not been told yet
    assert world.second(produced=5, commits=False) is OK
    assert set(world.seconds(8, produced=50, consumed=40)) == {OK}


def test_a_topic_that_grew_longer_than_its_namesake_before_it_was_seen_is_no_rewind() -> None:
    world = healthy()
    length = world.end
    world.recreate()
    world.produce(2 * length)
    world.consume(10)
    assert set(world.seconds(5, produced=50, consumed=100)) == {OK}


def test_nobody_is_blamed_for_silence_during_a_rebalance_nor_right_after_it() -> None:
    world = healthy()
    world.phase = Phase.REBALANCING
    assert set(world.seconds(60, produced=50, commits=False)) == {OK}
    world.phase = Phase.STABLE
    assert set(world.seconds(5, produced=50, commits=False)) == {OK}
    assert world.seconds(SOON_S, produced=50, commits=False)[-1] is STOP


def test_a_stall_is_no_stall_during_a_rebalance() -> None:
    world = healthy()
    world.seconds(SOON_S, produced=50)
    world.phase = Phase.REBALANCING
    assert STALL not in world.seconds(10, produced=50)


def test_a_group_that_comes_back_after_an_hour_is_given_time_to_commit() -> None:
    world = healthy()
    world.members, world.phase = 0, Phase.EMPTY
    assert world.seconds(3_600, produced=1, commits=False)[-1] is EMPTY
    world.members, world.phase = 2, Phase.STABLE
    assert STOP not in world.seconds(5, produced=1, commits=False)


def test_without_the_times_of_commits_a_stop_is_seen_as_soon() -> None:
    world = World()
    for _ in range(20):
        world.second(produced=50, consumed=100)
        world.committed_ms = None
    assert world.seconds(SOON_S, produced=50, commits=False)[-1] is STOP


def test_a_reader_that_never_committed_again_has_stopped_after_five_minutes() -> None:
    world = World(committed_ms=None)
    world.produce(10)
    assert STOP not in world.seconds(300, produced=1, commits=False)
    assert world.seconds(5, produced=1, commits=False)[-1] is STOP


STEP = st.tuples(
    st.integers(0, 30), st.integers(0, 30), st.booleans(), st.sampled_from(Phase), st.integers(0, 2)
)


@given(steps=st.lists(STEP, max_size=60))
def test_what_is_read_to_its_end_is_always_well(
    steps: list[tuple[int, int, bool, Phase, int]],
) -> None:
    world = World()
    for produced, consumed, commits, world.phase, world.members in steps:
        verdict = world.second(produced, consumed, commits=commits)
        lag = world.group.windows[0].lag
        assert lag == max(0, world.end - (world.committed or 0))
        if lag == 0:
            assert verdict is OK
        if world.phase is Phase.REBALANCING:
            assert verdict not in (STOP, STALL, EMPTY)
