"""A supervisor under the test's own clock, with real but tiny services."""

import os
import signal

from engines.service import Service
from engines.supervisor import Supervisor
from engines.ward import Restarts, State
from tests.unit.engines.children import wait_for_end

RESTARTS = Restarts(first_s=1, longest_s=3, healthy_after_s=60, deaths_max=4, within_s=100)


class World:
    """A supervisor under a clock that only the test moves, and what it reported."""

    def __init__(self, *services: Service, restarts: Restarts = RESTARTS) -> None:
        self.now_s = 1000.0
        self.told: list[tuple[str, State]] = []
        self.supervisor = Supervisor(
            services,
            lambda name, state, _seconds: self.told.append((name, state)),
            restarts=restarts,
            clock=lambda: self.now_s,
            pause=lambda _seconds: None,
        )

    def kill(self, name: str) -> None:
        """Kill a running service behind the supervisor's back, and let it notice."""
        pid = self.supervisor.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert wait_for_end(pid)
        self.supervisor.tick()

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.supervisor.tick()

    def states(self, name: str) -> list[State]:
        return [state for told, state in self.told if told == name]
