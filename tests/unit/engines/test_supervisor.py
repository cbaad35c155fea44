"""Services start along their needs, end in reverse, and leave nothing behind."""

from pathlib import Path

import pytest

from engines.supervisor import Supervisor
from engines.ward import State
from streams.errors import Conflict, EngineFailed, Misconfigured
from tests.unit.engines.children import (
    DIES,
    IGNORES_TERM,
    LIVES,
    TIDIES_UP,
    service,
    wait_for_end,
)
from tests.unit.engines.world import World


def ready(told: list[tuple[str, State]], name: str) -> int:
    return told.index((name, State.READY))


def starting(told: list[tuple[str, State]], name: str) -> int:
    return told.index((name, State.STARTING))


def test_a_service_starts_after_what_it_needs_is_ready_and_stops_before(tmp_path: Path) -> None:
    world = World(service(tmp_path, "upper", needs=("lower",)), service(tmp_path, "lower"))
    assert world.supervisor.start()
    assert ready(world.told, "lower") < starting(world.told, "upper")
    world.told.clear()
    world.supervisor.stop()
    assert world.told == [
        ("upper", State.STOPPING),
        ("upper", State.STOPPED),
        ("lower", State.STOPPING),
        ("lower", State.STOPPED),
    ]


def test_services_without_needs_and_eager_ones_start_together(tmp_path: Path) -> None:
    world = World(
        service(tmp_path, "kafka"),
        service(tmp_path, "triton"),
        service(tmp_path, "registry", needs=("kafka",), eager=True),
    )
    with world.supervisor as supervisor:
        supervisor.tick()
        assert world.told == [(name, State.STARTING) for name in ("kafka", "triton", "registry")]
        assert supervisor.start()


def test_an_eager_service_is_stopped_before_what_it_needs(tmp_path: Path) -> None:
    eager = service(tmp_path, "registry", needs=("kafka",), eager=True)
    world = World(service(tmp_path, "kafka"), eager)
    world.supervisor.start()
    world.supervisor.stop()
    assert [name for name, state in world.told if state is State.STOPPED] == ["registry", "kafka"]


def test_the_seconds_until_ready_are_kept(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.tick()
        world.now_s += 7
        supervisor.start()
        assert supervisor.ready_after_s == {"one": 7}


def test_a_death_before_readiness_ends_the_start_with_the_log_and_its_cause(
    tmp_path: Path,
) -> None:
    world = World(service(tmp_path, "good"), service(tmp_path, "bad", DIES))
    with pytest.raises(EngineFailed) as failed:
        world.supervisor.start()
    for part in ("bad ended with exit code 3", "the disk is on fire", str(tmp_path / "bad.log")):
        assert part in str(failed.value)
    assert failed.value.fix == "call the fire brigade"
    assert world.states("good")[-1] is State.STOPPED


def test_a_service_that_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    sleeps = "import signal; print('not me', flush=True); signal.pause()"
    world = World(service(tmp_path, "slow", sleeps, ready_within_s=30))
    supervisor = world.supervisor
    supervisor.tick()
    pid = supervisor.pid("slow")
    assert pid is not None
    world.now_s += 31
    with pytest.raises(EngineFailed, match="slow was not ready within 30 s"):
        supervisor.start()
    assert wait_for_end(pid)


def test_a_refused_start_stops_the_others_and_is_passed_on(tmp_path: Path) -> None:
    def refuse() -> None:
        raise Conflict("port 1 is taken")

    refused = service(tmp_path, "refused", needs=("good",), prepare=refuse)
    world = World(service(tmp_path, "good"), refused)
    with pytest.raises(Conflict, match="port 1"):
        world.supervisor.start()
    assert world.states("good")[-1] is State.STOPPED
    assert world.states("refused") == [State.STOPPED]


def test_a_request_to_stop_during_the_start_stops_cleanly(tmp_path: Path) -> None:
    never_ready = "import signal; signal.pause()"
    world = World(service(tmp_path, "good"), service(tmp_path, "late", never_ready))
    asked = iter([False, False])
    assert not world.supervisor.start(lambda: next(asked, True))
    assert world.states("good")[-1] is State.STOPPED
    assert world.states("late")[-1] is State.STOPPED


def test_a_service_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    world = World(service(tmp_path, "deaf", IGNORES_TERM, grace_s=5))
    world.supervisor.start()
    pid = world.supervisor.pid("deaf")
    asked: list[float] = []

    def hurry() -> bool:  # asked at every round of the loop: the only place time can pass
        asked.append(world.now_s)
        world.now_s += 1
        return False

    world.supervisor.stop(hurry)
    assert pid is not None
    assert wait_for_end(pid)
    assert len(asked) >= 6, "it had its grace"


def test_in_a_hurry_nobody_has_grace(tmp_path: Path) -> None:
    world = World(service(tmp_path, "deaf", IGNORES_TERM, grace_s=1e9))
    world.supervisor.start()
    world.supervisor.stop(lambda: True)
    assert world.states("deaf")[-1] is State.STOPPED


@pytest.mark.parametrize(
    ("code", "hurry", "whole"),
    [(LIVES, False, True), (TIDIES_UP, False, True), (IGNORES_TERM, True, False)],
    ids=["ends", "tidies up", "is killed"],
)
def test_settling_is_told_whether_it_ended_as_asked(
    tmp_path: Path, code: str, hurry: bool, whole: bool
) -> None:
    told: list[bool] = []
    world = World(service(tmp_path, "one", code, settle=told.append))
    world.supervisor.start()
    world.supervisor.stop(lambda: hurry)
    assert told == [whole]


def test_stopping_twice_or_before_the_start_is_harmless(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    world.supervisor.stop()
    world.supervisor.stop()
    assert world.states("one") == [State.STOPPED]


def test_watching_ends_when_asked_and_passes_time_on(tmp_path: Path) -> None:
    world = World(service(tmp_path, "one"))
    with world.supervisor as supervisor:
        supervisor.start()
        rounds = iter([False, False, True])
        supervisor.watch(lambda: next(rounds))


@pytest.mark.parametrize("needs", [("two",), ("absent",), ("one",)])
def test_needs_that_cannot_be_met_are_refused(tmp_path: Path, needs: tuple[str, ...]) -> None:
    two = service(tmp_path, "two", needs=("one",))
    with pytest.raises(Misconfigured, match="one"):
        Supervisor([service(tmp_path, "one", needs=needs), two])


def until_gone(world: World, name: str) -> None:
    while name in world.supervisor.names:
        world.supervisor.tick()


def test_a_service_that_was_employed_runs_and_is_ended_with_the_others(tmp_path: Path) -> None:
    world = World(service(tmp_path, "lower"))
    with world.supervisor as supervisor:
        supervisor.start()
        supervisor.employ(service(tmp_path, "helper", needs=("lower",)))
        supervisor.start()
        assert supervisor.helpers == ["helper"]
        pid = supervisor.pid("helper")
        assert pid is not None
    assert wait_for_end(pid)
    assert [n for n, state in world.told if state is State.STOPPED] == ["helper", "lower"]


def test_a_service_that_was_dismissed_ends_and_is_known_no_more(tmp_path: Path) -> None:
    world = World(service(tmp_path, "lower"))
    with world.supervisor as supervisor:
        supervisor.employ(service(tmp_path, "helper"))
        supervisor.start()
        supervisor.dismiss("helper")
        supervisor.hold([])
        assert supervisor.helpers == []
        until_gone(world, "helper")
        assert list(supervisor.pids()) == ["lower"]


@pytest.mark.parametrize("how", ["refused", "dies", "late"])
def test_the_others_go_on_without_a_helper_that_fails(tmp_path: Path, how: str) -> None:
    def refuse() -> None:
        raise Conflict("no port")

    world = World(service(tmp_path, "lower"))
    code = DIES if how == "dies" else IGNORES_TERM.replace("touch", "exists")
    failing = service(tmp_path, "helper", code, prepare=refuse if how == "refused" else None)
    with world.supervisor as supervisor:
        supervisor.start()
        supervisor.employ(failing)
        supervisor.tick()
        world.pass_time(61.0 if how == "late" else 0.0)
        until_gone(world, "helper")
        assert supervisor.is_ready
        assert list(supervisor.pids()) == ["lower"]
