"""How consumer groups are named after the roles of their workers, and how far a role has got.

Several groups may have a role, such as the whole grid's and, since it was split, one of its own:
they decide the same, so the furthest counts, and one that nobody joins any more holds nobody up.
"""

from collections.abc import Iterable, Mapping

from streams.io.kafka.groups import Groups
from streams.topics import Topic

PREFIX = "aether."


def group_of(roles: Iterable[str]) -> str:
    """Return the group of workers that have these roles and not all of them."""
    return PREFIX + "+".join(sorted(roles))


def has(group: str, role: str, whole: str) -> bool:
    """Whether the workers of a group have a role; `whole` is the group of the whole grid."""
    return group == whole or role in group.removeprefix(PREFIX).split("+")


def considered(groups: Groups, whole: str, role: str, topic: Topic) -> Mapping[int, int]:
    """Return by partition up to where a role is done with a topic. Raises BrokerAway."""
    found: dict[int, int] = {}
    for group in {whole, *groups.named(PREFIX)}:
        if has(group, role, whole):
            committed = groups.committed(group, topic.name, topic.partitions)
            for partition, offset in committed.items():
                found[partition] = max(offset, found.get(partition, 0))
    return found
