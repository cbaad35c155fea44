"""Groups are named after roles, and from its name anyone can tell which roles a group has."""

import pytest

from processors.groups import group_of, has

WHOLE = "aether.grid"


def test_a_group_is_named_after_its_roles_in_order() -> None:
    assert group_of(["router", "memory"]) == "aether.memory+router"


@pytest.mark.parametrize(
    ("group", "role", "answer"),
    [
        (WHOLE, "memory", True),
        ("aether.memory", "memory", True),
        ("aether.memory+router", "router", True),
        ("aether.memory+router", "registry", False),
        ("aether.memory", "mem", False),
        ("somebody.memory", "memory", False),
    ],
)
def test_a_group_has_the_roles_of_its_name_and_the_whole_grids_has_all(
    group: str, role: str, answer: bool
) -> None:
    assert has(group, role, WHOLE) is answer
