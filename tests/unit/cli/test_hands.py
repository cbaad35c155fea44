"""What is done when healing is asked for, on real but tiny services."""

import os
import signal
from pathlib import Path

from cli.grid import WORKER
from cli.hands import LATE_MS, done
from cli.staff import WORKERS_MAX, Staff
from engines.supervisor import Supervisor
from engines.ward import State
from streams.events.healing import Action, HealingDone, HealingRefused, HealingRequested
from streams.io.settings import Settings
from tests.unit.engines.children import service, wait_for_end
from tests.unit.engines.world import World

NOW_MS = 1_700_000_000_000


def asked(target: str) -> HealingRequested:
    return HealingRequested(action=Action.RESTART, target=target, at_ms=NOW_MS, reason="r")


def staff_of(folder: Path, supervisor: Supervisor) -> Staff:
    return Staff(supervisor, lambda number: service(folder, f"{WORKER}-{number}"))


def test_a_worker_that_hears_no_signal_is_ended_and_started_again(tmp_path: Path) -> None:
    settings, world = Settings(), World(service(tmp_path, WORKER))
    with world.supervisor as supervisor:
        staff = staff_of(tmp_path, supervisor)
        supervisor.start()
        pid = supervisor.pid(WORKER)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        answer = done(settings, staff, asked(settings.worker.group), NOW_MS)
        assert isinstance(answer, HealingDone)
        assert f"process {pid}" in answer.detail
        assert wait_for_end(pid)
        supervisor.tick()
        assert world.states(WORKER)[-1] is State.RESTING
        assert done(settings, staff, asked(settings.worker.group), NOW_MS) == refusal(
            settings.worker.group, "not_running", "the worker is being started or held just now"
        )
        world.pass_time(1.0)
        assert supervisor.pid(WORKER) not in (None, pid)


def refusal(target: str, reason: str, detail: str) -> HealingRefused:
    return HealingRefused(
        action=Action.RESTART, target=target, at_ms=NOW_MS, reason=reason, detail=detail
    )


def test_what_is_not_run_here_or_was_asked_for_long_ago_is_refused(tmp_path: Path) -> None:
    settings, world = Settings(), World(service(tmp_path, WORKER))
    group = settings.worker.group
    with world.supervisor as supervisor:
        staff = staff_of(tmp_path, supervisor)
        supervisor.start()
        elsewhere = done(settings, staff, asked("others"), NOW_MS)
        late = done(settings, staff, asked(group), NOW_MS + LATE_MS + 1000)
        assert isinstance(elsewhere, HealingRefused)
        assert elsewhere.reason == "not_here"
        assert isinstance(late, HealingRefused)
        assert late.reason == "too_late"
        assert world.states(WORKER) == [State.STARTING, State.READY]


class Grown:
    """A grid with a worker, and what comes of having more of them."""

    def __init__(self, folder: Path) -> None:
        self.world = World(service(folder, WORKER))
        self.supervisor = self.world.supervisor
        self.staff = staff_of(folder, self.supervisor)

    def scale(self, workers: int) -> HealingDone | HealingRefused:
        asked = HealingRequested(
            action=Action.SCALE, target="aether.grid", at_ms=NOW_MS, reason="r", workers=workers
        )
        answer = done(Settings(), self.staff, asked, NOW_MS)
        while len(self.supervisor.names) != self.staff.workers or not self.supervisor.is_ready:
            self.supervisor.tick()
        return answer


def test_workers_are_started_beside_the_one_there_is_and_let_go_again(tmp_path: Path) -> None:
    grown = Grown(tmp_path)
    with grown.supervisor as supervisor:
        supervisor.start()
        first = supervisor.pid(WORKER)
        answer = grown.scale(3)
        assert isinstance(answer, HealingDone)
        assert answer.detail == "from 1 workers to 3"
        pids = supervisor.pids()
        assert list(pids) == [WORKER, f"{WORKER}-2", f"{WORKER}-3"]
        grown.scale(3)
        assert supervisor.pids() == pids
        grown.scale(2)
        assert list(supervisor.pids()) == [WORKER, f"{WORKER}-2"]
        assert wait_for_end(pids[f"{WORKER}-3"])
        grown.scale(1)
        assert supervisor.pids() == {WORKER: first}


def test_more_workers_than_there_are_partitions_are_refused(tmp_path: Path) -> None:
    grown = Grown(tmp_path)
    with grown.supervisor as supervisor:
        supervisor.start()
        answer = grown.scale(WORKERS_MAX + 1)
        assert isinstance(answer, HealingRefused)
        assert answer.reason == "too_many"
        assert list(supervisor.pids()) == [WORKER]


def test_there_is_always_one_worker(tmp_path: Path) -> None:
    grown = Grown(tmp_path)
    with grown.supervisor as supervisor:
        supervisor.start()
        grown.scale(0)
        assert list(supervisor.pids()) == [WORKER]
