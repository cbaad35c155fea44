"""Where a decider's snapshots lie: what cannot be read as its states is not even looked for."""

from dataclasses import dataclass, replace
from typing import Any

from processors.registry.decider import REGISTRY_DECIDER
from streams.io.standing import place_of
from streams.topics import REGISTRY


@dataclass(frozen=True, slots=True)
class Entry:
    """A registry's entry as it might become."""

    version: int = 0
    owner: str = ""


def owner(decider: Any) -> str:
    return place_of(decider, REGISTRY.name, "id", 0).owner


def test_another_version_or_another_shape_is_another_place() -> None:
    decider: Any = REGISTRY_DECIDER
    other: Any = replace(decider, initial=Entry())
    later: Any = replace(REGISTRY_DECIDER, version=REGISTRY_DECIDER.version + 1)
    assert len({owner(REGISTRY_DECIDER), owner(other), owner(later)}) == 3
    assert owner(REGISTRY_DECIDER) == owner(replace(REGISTRY_DECIDER))
