"""The workers of this machine's grid: the one that it always has, and those that help it.

Helpers are of the same group, so that Kafka shares the partitions out among all of them. A grid
that is started anew begins without any.
"""

from collections.abc import Callable

from cli.grid import WORKER
from engines.service import Service
from engines.supervisor import Supervisor

#: A topic has four partitions at most; more workers than that would find nothing to do.
WORKERS_MAX = 4


class Staff:
    """Hires and lets go; `helper(number)` is how another worker is run."""

    def __init__(self, supervisor: Supervisor, helper: Callable[[int], Service]) -> None:
        self._supervisor = supervisor
        self._helper = helper

    def restart(self) -> int | None:
        """End the worker's process, to be started again; return its id, or None if none runs."""
        return self._supervisor.restart(WORKER)

    @property
    def workers(self) -> int:
        """How many there are or will be."""
        return 1 + len(self._supervisor.helpers)

    def scale(self, workers: int) -> str:
        """Have so many workers, or as many as there may be; say what is done for that."""
        wanted, before = max(1, min(workers, WORKERS_MAX)), self.workers
        while self.workers < wanted:
            self._hire()
        for name in reversed(self._supervisor.helpers[wanted - 1 :]):
            self._supervisor.dismiss(name)
        return f"from {before} workers to {wanted}"

    def _hire(self) -> None:
        taken = set(self._supervisor.names)
        number = 2
        while f"{WORKER}-{number}" in taken:
            number += 1
        self._supervisor.employ(self._helper(number))
