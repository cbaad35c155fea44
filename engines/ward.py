"""One service under supervision: started, watched, restarted after a pause, stopped.

Every method returns at once; time passes only between calls of `tick`.
"""

import enum
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from engines.logfile import LogFile
from engines.process import Process
from engines.service import Service
from streams.errors import EngineFailed


class State(enum.Enum):
    """Where a service is between not yet started and stopped."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTING = "resting"  # dead; started again after a pause
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """When a dead service is started again, and when no more."""

    first_s: float = 0.5
    longest_s: float = 30.0
    healthy_after_s: float = 60.0
    deaths_max: int = 5
    within_s: float = 300.0


# How a process ends that was asked to: by the signal, or after catching it (a JVM adds 128).
_ASKED = (0, -signal.SIGTERM, 128 + signal.SIGTERM)

# Told of every change: service, its new state, seconds spent in the state before.
Report = Callable[[str, State, float], None]


class Ward:
    """A service's process and what has happened to it so far."""

    def __init__(
        self, service: Service, restarts: Restarts, report: Report, clock: Callable[[], float]
    ) -> None:
        self.service = service
        self.state = State.WAITING
        self.process: Process | None = None
        self._restarts = restarts
        self._report = report
        self._clock = clock
        self._since = clock()
        self._log = LogFile(service.log)
        self._deaths: deque[float] = deque()
        self._pause_s = restarts.first_s
        self._was_ready = False
        self._returns = False
        self.held = False

    def start(self) -> None:
        """Start the process; raises what the service's `prepare` raises."""
        self.service.prepare()
        self.process = Process(
            self.service.command,
            environment=self.service.environment,
            directory=self.service.directory,
            log=self._log,
        )
        self._enter(State.STARTING)

    def hold(self, held: bool) -> None:
        """Keep the service stopped, or let one that was kept so be started again."""
        self._returns |= self.held and not held
        self.held = held

    def tick(self) -> None:
        """Look at the process and do what is due; raises EngineFailed when there is no hope."""
        if self.held:
            self.stop()
        self.tick_stopping(hurry=False)
        if self._returns and self.state is State.STOPPED:
            self._returns = False
            self._enter(State.WAITING)
        if self.state is State.RESTING and self._spent_s >= self._pause_s:
            self._pause_s = min(self._pause_s * 2, self._restarts.longest_s)
            self.start()
        elif self.state in (State.STARTING, State.READY):
            self._watch()

    def stop(self) -> None:
        """Ask the process to end; harmless in any state."""
        if self.state in (State.STARTING, State.READY):
            assert self.process is not None
            self.process.terminate()
            self._enter(State.STOPPING)
        elif self.state in (State.WAITING, State.RESTING):
            self._enter(State.STOPPED)

    def kill(self) -> None:
        """End the process as if it had died; harmless when none runs."""
        if self.process is not None:
            self.process.kill()

    def tick_stopping(self, *, hurry: bool) -> None:
        """Kill a process whose grace is over, or none is left to give; note when it has ended."""
        if self.state is not State.STOPPING:
            return
        assert self.process is not None
        returncode = self.process.returncode()
        if returncode is not None:
            self._enter(State.STOPPED)
            self.service.settle(self._was_ready and returncode in _ASKED)
        elif hurry or self._spent_s > self.service.grace_s:
            self.process.kill()

    def _watch(self) -> None:
        assert self.process is not None
        returncode = self.process.returncode()
        if returncode is not None:
            self._mourn(returncode)
        elif self.state is State.STARTING:
            self._await_readiness()
        else:
            self._log.rotate()

    def _await_readiness(self) -> None:
        if self.service.ready():
            self._was_ready = True
            self._enter(State.READY)
        elif self._spent_s > self.service.ready_within_s:
            raise self._failure(f"was not ready within {self.service.ready_within_s:.0f} s")

    def _mourn(self, returncode: int) -> None:
        """Plan the restart of a process that ended by itself; raises if it is not worth one."""
        ended = f"ended with {_told(returncode)} after {self._spent_s:.1f} s"
        if not self._was_ready:
            raise self._failure(f"{ended}, before it was ready")
        now = self._clock()
        if self.state is State.READY and self._spent_s >= self._restarts.healthy_after_s:
            self._pause_s = self._restarts.first_s
        self._deaths.append(now)
        while now - self._deaths[0] > self._restarts.within_s:
            self._deaths.popleft()
        if len(self._deaths) >= self._restarts.deaths_max:
            raise self._failure(
                f"{ended}, the {len(self._deaths)}th time within {self._restarts.within_s:.0f} s"
            )
        self._enter(State.RESTING)

    def _failure(self, what: str) -> EngineFailed:
        tail = self._log.tail()
        return EngineFailed(
            f"{self.service.name} {what}; the last lines of {self.service.log}:\n{tail}",
            fix=self.service.cause(tail),
        )

    def _enter(self, state: State) -> None:
        spent_s = self._spent_s
        self.state = state
        self._since = self._clock()
        self._report(self.service.name, state, spent_s)

    @property
    def _spent_s(self) -> float:
        return self._clock() - self._since


def _told(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
