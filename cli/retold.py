"""What the gateway is handed to decide again: the same as `aether state` and `aether fork` do.

The deciders are imported once somebody asks: a gateway of which nobody does stays small.
"""

from collections.abc import Mapping
from typing import Any

from streams.io.settings import Settings
from streams.topics import SESSIONS


class RetellingOf:
    """Decides again from the log of a grid; each time with a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def state(self, session: str, at: str) -> list[dict[str, Any]]:
        """Return what every decider knew of a session at a moment."""
        from cli.travel import as_data, known_at

        return [as_data(known) for known in known_at(self._settings, SESSIONS, session, at)]

    def fork(self, run: str, at: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Tell a run again from an event on, calling nothing, and keep what came of it."""
        from cli.fork import tell_again
        from cli.forks import as_row

        _, forked = tell_again(self._settings, run, at, changes)
        return as_row(forked)
