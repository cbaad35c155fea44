"""Take part in an Aether Grid: produce events, follow runs, and serve what others ask for."""

from aether_grid.errors import (
    BadEvent,
    Denied,
    GridError,
    Refused,
    RunFailed,
    TimedOut,
    Unknown,
    Unreachable,
)
from aether_grid.grid import Grid
from aether_grid.nodes import Reply, Work
from aether_grid.run import Run
from aether_grid.wire import Event, Place

__all__ = [
    "BadEvent",
    "Denied",
    "Event",
    "Grid",
    "GridError",
    "Place",
    "Refused",
    "Reply",
    "Run",
    "RunFailed",
    "TimedOut",
    "Unknown",
    "Unreachable",
    "Work",
]
__version__ = "0.1.0"
