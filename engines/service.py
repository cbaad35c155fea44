"""What the supervisor needs to know of a service, whatever runs in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def _nothing() -> None:
    """Do nothing."""


def _nothing_after(_whole: bool) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A command, how to see that it is ready, and its place among the others.

    `environment` is all it gets. `prepare` runs before every start and may refuse it by raising.
    `ready` is asked often and must answer quickly. `settle` runs after a stop and is told whether
    the service had been ready and ended as it was asked to.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    ready: Callable[[], bool]
    prepare: Callable[[], None] = _nothing
    settle: Callable[[bool], None] = _nothing_after
    needs: tuple[str, ...] = ()
    # Started together with what it needs, because its own start waits for that by itself.
    eager: bool = False
    ready_within_s: float = 120.0
    grace_s: float = 10.0
    # What a piece of its log means: the likeliest cause and what to do.
    causes: Mapping[str, str] | None = None

    def cause(self, log: str) -> str:
        """Return the likeliest cause of a failure, read from the log's last lines."""
        for mark, cause in (self.causes or {}).items():
            if mark in log:
                return cause
        return f"read {self.log}"
