"""What clients may write is written by nobody else."""

import sys

from processors.deciders import DECIDERS
from processors.roles import ROLES
from streams.events import AREAS
from streams.events.offered import OFFERED


def effects() -> list[type]:
    """Return every effect of a worker's roles; they have no common class, but one shape."""
    assert ROLES  # they were imported with these
    modules = [module for name, module in sys.modules.items() if name.startswith("processors.")]
    found = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    return [kind for kind in found if hasattr(kind, "writes") and hasattr(kind, "give_up")]


def test_no_door_lets_in_what_the_grid_decides() -> None:
    written = {kind for decider in DECIDERS for kind in decider.writes}
    assert len(effects()) >= 8
    for effect in effects():
        written |= set(effect.writes)  # type: ignore[attr-defined]
    assert written.isdisjoint(kind for kinds in OFFERED.values() for kind in kinds)


def test_every_event_that_clients_may_write_is_one_of_its_topic() -> None:
    for topic, kinds in OFFERED.items():
        assert set(kinds) <= set(AREAS[topic.split(".")[1]])
