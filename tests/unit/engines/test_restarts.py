"""A dead service comes back after a pause, unless it dies too often or is held."""

from pathlib import Path

import pytest

from engines.ward import State
from streams.errors import EngineFailed
from tests.unit.engines.children import LIVES, TIDIES_UP, service, wait_for_end
from tests.unit.engines.world import World


def test_a_dead_service_is_started_again_after_a_pause_that_doubles(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.start()
        for pause_s in (1, 2, 3):  # 1, 2, then the longest
            world.kill("one")
            assert world.states("one")[-1] is State.RESTING
            world.pass_time(pause_s - 0.1)
            assert world.states("one")[-1] is State.RESTING
            world.pass_time(0.2)
            assert world.states("one")[-1] is State.STARTING
            supervisor.start()


def test_the_pause_is_short_again_after_a_healthy_while(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.start()
        world.kill("one")
        world.pass_time(1.1)
        supervisor.start()
        world.pass_time(61)
        world.kill("one")
        world.pass_time(1.1)
        assert world.states("one")[-1] is State.STARTING


def test_a_service_that_dies_too_often_is_given_up_naming_its_log(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.start()
        for _ in range(3):
            world.kill("one")
            world.pass_time(3.1)
            supervisor.start()
        with pytest.raises(EngineFailed, match=r"the 4th time within 100 s.*one\.log"):
            world.kill("one")


def test_deaths_long_ago_do_not_count(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.start()
        for _ in range(6):
            world.pass_time(50)
            world.kill("one")
            world.pass_time(3.1)
            supervisor.start()


def test_a_death_while_starting_again_is_no_reason_to_give_up(tmp_path: Path) -> None:
    flag = tmp_path / "second"
    code = f"import pathlib\nif pathlib.Path({str(flag)!r}).exists(): raise SystemExit(1)\n{LIVES}"
    world = World(service(tmp_path, "one", code))
    with world.supervisor as supervisor:
        supervisor.start()
        flag.touch()
        world.kill("one")
        world.pass_time(1.1)
        pid = supervisor.pid("one")
        assert pid is not None
        assert wait_for_end(pid)
        supervisor.tick()
        assert world.states("one")[-1] is State.RESTING
        flag.unlink()
        world.pass_time(2.1)
        assert supervisor.start()


def test_the_others_go_on_while_one_rests(tmp_path: Path) -> None:
    world = World(service(tmp_path, "lower"), service(tmp_path, "upper", needs=("lower",)))
    with world.supervisor as supervisor:
        supervisor.start()
        upper = supervisor.pid("upper")
        world.kill("lower")
        world.pass_time(1.1)
        supervisor.start()
        assert supervisor.pid("upper") == upper


def test_a_held_service_ends_and_stays_away_until_it_is_let_go(tmp_path: Path) -> None:
    world = World(service(tmp_path, "lower"), service(tmp_path, "upper", needs=("lower",)))
    with world.supervisor as supervisor:
        supervisor.start()
        upper, lower = supervisor.pid("upper"), supervisor.pid("lower")
        supervisor.hold({"lower", "nobody"})
        while world.states("lower")[-1] is not State.STOPPED:
            supervisor.tick()
        for _ in range(5):
            world.pass_time(100)
        assert world.states("lower")[-1] is State.STOPPED
        assert supervisor.is_ready, "what is held is not waited for"
        supervisor.hold(frozenset())
        assert supervisor.start()
        assert supervisor.pid("upper") == upper
        assert supervisor.pid("lower") not in (None, lower)


def test_a_service_let_go_while_it_still_ends_starts_again(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one", TIDIES_UP))
    with world.supervisor as supervisor:
        supervisor.start()
        before = supervisor.pid("one")
        supervisor.hold({"one"})
        supervisor.tick()
        supervisor.hold(frozenset())
        assert supervisor.start()
        assert supervisor.pid("one") != before


def test_a_resting_service_can_be_held(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.start()
        world.kill("one")
        supervisor.hold({"one"})
        world.pass_time(100)
        assert world.states("one")[-1] is State.STOPPED


def test_what_was_held_stays_down_after_the_end(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    world.supervisor.start()
    world.supervisor.hold({"one"})
    world.supervisor.stop()
    world.pass_time(1)
    assert world.states("one")[-1] is State.STOPPED
