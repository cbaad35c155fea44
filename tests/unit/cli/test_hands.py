"""What is done when healing is asked for, on real but tiny services."""

import os
import signal
from pathlib import Path

from cli.grid import WORKER
from cli.hands import LATE_MS, done
from engines.ward import State
from streams.events.healing import Action, HealingDone, HealingRefused, HealingRequested
from streams.io.settings import Settings
from tests.unit.engines.children import service, wait_for_end
from tests.unit.engines.world import World

NOW_MS = 1_700_000_000_000


def asked(target: str) -> HealingRequested:
    return HealingRequested(action=Action.RESTART, target=target, at_ms=NOW_MS, reason="r")


def test_a_worker_that_hears_no_signal_is_ended_and_started_again(tmp_path: Path) -> None:
    settings, world = Settings(), World(service(tmp_path, WORKER))
    with world.supervisor as supervisor:
        supervisor.start()
        pid = supervisor.pid(WORKER)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        answer = done(settings, supervisor, asked(settings.worker.group), NOW_MS)
        assert isinstance(answer, HealingDone)
        assert f"process {pid}" in answer.detail
        assert wait_for_end(pid)
        supervisor.tick()
        assert world.states(WORKER)[-1] is State.RESTING
        assert done(settings, supervisor, asked(settings.worker.group), NOW_MS) == refusal(
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
        supervisor.start()
        elsewhere = done(settings, supervisor, asked("others"), NOW_MS)
        late = done(settings, supervisor, asked(group), NOW_MS + LATE_MS + 1000)
        assert isinstance(elsewhere, HealingRefused)
        assert elsewhere.reason == "not_here"
        assert isinstance(late, HealingRefused)
        assert late.reason == "too_late"
        assert world.states(WORKER) == [State.STARTING, State.READY]
