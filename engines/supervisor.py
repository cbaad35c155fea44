"""Runs services as one: started along their needs, restarted when they die, stopped in reverse.

One loop without threads. Whatever ends the loop, no service is left running behind it.
"""

import time
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Self

from engines.service import Service
from engines.ward import Report, Restarts, State, Ward
from streams.errors import AetherError, Misconfigured

_START_PACE_S = 0.02
_WATCH_PACE_S = 0.2
_UP = (State.STARTING, State.READY)


def _never() -> bool:
    return False


def _untold(_service: str, _state: State, _seconds: float) -> None:
    """Report to nobody."""


class Supervisor:
    """Services and their order; a context manager that stops them all at its end.

    To be used from one thread, which must live as long as the services.
    """

    def __init__(
        self,
        services: Sequence[Service],
        report: Report = _untold,
        *,
        restarts: Restarts | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.ready_after_s: dict[str, float] = {}
        self._report = report
        self._pause = pause
        self._clock = clock
        self._restarts = restarts or Restarts()
        self._helpers: set[str] = set()
        self._leaving: set[str] = set()
        self._wards = {
            service.name: Ward(service, self._restarts, self._note, clock)
            for service in _in_order(services)
        }

    def start(self, stop: Callable[[], bool] = _never) -> bool:
        """Return once all are ready, or False once `stop` asked for the end and all have ended.

        Raises what keeps a service from becoming ready; then the others have been stopped.
        """
        try:
            while not self.is_ready:
                if stop():
                    self.stop()
                    return False
                self.tick()
                self._pause(_START_PACE_S)
        except BaseException:
            self.stop()
            raise
        return True

    def watch(self, stop: Callable[[], bool]) -> None:
        """Keep them running until `stop` says so; raises EngineFailed when one cannot be kept."""
        while not stop():
            self.tick()
            self._pause(_WATCH_PACE_S)

    def tick(self) -> None:
        """Do what is due now, without waiting; for callers with a loop of their own."""
        for name, ward in list(self._wards.items()):
            try:
                ward.tick()
                if ward.state is State.WAITING and self._may_start(ward.service):
                    ward.start()
            except AetherError:
                if name not in self._helpers:
                    raise
                ward.kill()
                ward.stop()
                self._leaving.add(name)
            if name in self._leaving and ward.state is State.STOPPED:
                self._forget(name)

    def employ(self, service: Service) -> None:
        """Run another service from the next `tick` on; the others do without it when it fails.

        What it needs must be there, and nothing may need it.
        """
        self._wards[service.name] = Ward(service, self._restarts, self._note, self._clock)
        self._helpers.add(service.name)

    def dismiss(self, name: str) -> None:
        """Stop a service that was employed, from the next `tick` on, and know it no more."""
        self._leaving.add(name)
        self._wards[name].hold(True)

    @property
    def names(self) -> list[str]:
        """The names of all services, those that are leaving included."""
        return list(self._wards)

    @property
    def helpers(self) -> list[str]:
        """The names of those that were employed and are to go on, in that order."""
        return [name for name in self._wards if name in self._helpers - self._leaving]

    def hold(self, names: Collection[str]) -> None:
        """Keep the named services stopped from the next `tick` on, and no others any longer.

        What needs a held service goes on without it. Names of no service are ignored.
        """
        for name, ward in self._wards.items():
            ward.hold(name in names or name in self._leaving)

    def restart(self, name: str) -> int | None:
        """Kill a service's process, to be started again as after any death; return its id.

        Also one that no longer hears signals, such as a stopped one, ends. None if none runs.
        """
        pid = self.pid(name)
        if pid is not None:
            self._wards[name].kill()
        return pid

    def stop(self, hurry: Callable[[], bool] = _never) -> None:
        """End every service, those first that nobody needs any more; harmless when all have ended.

        With `hurry` the remaining ones are killed.
        """
        while any(ward.state is not State.STOPPED for ward in self._wards.values()):
            for ward in self._wards.values():
                if self._may_stop(ward.service):
                    ward.stop()
                ward.tick_stopping(hurry=hurry())
            self._pause(_START_PACE_S)

    @property
    def is_ready(self) -> bool:
        """Whether every service that is not held is ready."""
        return all(ward.held or ward.state is State.READY for ward in self._wards.values())

    def pid(self, service: str) -> int | None:
        """Return the process id of a service that runs."""
        ward = self._wards[service]
        return ward.process.pid if ward.process and ward.state in _UP else None

    def pids(self) -> dict[str, int]:
        """Return the process id of every service that has one now."""
        found = {name: ward.process for name, ward in self._wards.items() if ward.process}
        return {n: p.pid for n, p in found.items() if p.returncode() is None}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _forget(self, name: str) -> None:
        del self._wards[name]
        self._helpers.discard(name)
        self._leaving.discard(name)

    def _may_start(self, service: Service) -> bool:
        enough = _UP if service.eager else (State.READY,)
        return all(self._wards[need].state in enough for need in service.needs)

    def _may_stop(self, service: Service) -> bool:
        return all(
            ward.state is State.STOPPED
            for ward in self._wards.values()
            if service.name in ward.service.needs
        )

    def _note(self, service: str, state: State, spent_s: float) -> None:
        if state is State.READY:
            self.ready_after_s[service] = spent_s
        self._report(service, state, spent_s)


def _in_order(services: Sequence[Service]) -> list[Service]:
    """Sort so that each comes after what it needs; raises Misconfigured where that cannot be."""
    placed: dict[str, Service] = {}
    left = list(services)
    while left:
        free = [service for service in left if all(need in placed for need in service.needs)]
        if not free:
            names = ", ".join(service.name for service in left)
            raise Misconfigured(f"the services {names} need each other or one that is not there")
        placed |= {service.name: service for service in free}
        left = [service for service in left if service.name not in placed]
    return list(placed.values())
