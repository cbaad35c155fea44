"""The notice of the grid that this process runs: kept true from its first moment to its last."""

import os
import time

from cli import state
from cli.output import say
from engines.supervisor import Supervisor
from engines.ward import State
from streams.io.settings import Settings


class Notice:
    """What other commands are told; also tells the person what becomes ready or dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self.running = state.Running(
            pid=os.getpid(),
            born=state.born(os.getpid()),
            ready_s=None,
            addresses=_addresses(settings),
            notes=(),
            states={},
            processes={},
        )
        state.write(settings, self.running)

    def installed(self, no_triton: str | None) -> None:
        """Start the clock: what had to be downloaded is here."""
        self._began = time.monotonic()
        if no_triton and self._settings.triton.address is None:
            addresses = {**self.running.addresses, "triton": "in the worker"}
            notes = (f"models run inside the worker: {no_triton}",)
            self._tell(self.running._replace(addresses=addresses, notes=notes))

    def heard(self, service: str, entered: State, seconds: float) -> None:
        """Take note of a service's new state."""
        if entered is State.READY:
            say(f"  {service} ready after {seconds:.1f} s")
        elif entered is State.RESTING:
            say(f"  {service} died and is started again", fg="yellow")
        states = {**self.running.states, service: entered.value}
        self._tell(self.running._replace(states=states))

    def is_ready(self) -> None:
        """Stop the clock."""
        self._tell(self.running._replace(ready_s=round(time.monotonic() - self._began, 1)))

    def keep(self, supervisor: Supervisor) -> None:
        """Tell of processes and services that have come or gone."""
        there = set(supervisor.names)
        states = {name: each for name, each in self.running.states.items() if name in there}
        self._tell(self.running._replace(processes=supervisor.pids(), states=states))

    def _tell(self, running: state.Running) -> None:
        if running != self.running:
            self.running = running
            state.write(self._settings, running)


def _addresses(settings: Settings) -> dict[str, str]:
    return {
        "gateway": settings.gateway_url,
        "kafka": settings.bootstrap,
        "registry": settings.registry_url,
        "triton": settings.triton_address,
    }
