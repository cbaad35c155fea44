"""Three workers share the work: when one dies, freezes or leaves, the others go on in its place.

Each worker is a node of its own, so every record says who wrote it.
"""

import signal
import time

import pytest

from streams.io.client import Client
from streams.topics import MEMORY
from tests.integration.grid.harness import Grid, Role, running
from tests.integration.grid.offers import Offers, Progress, recorded

pytestmark = pytest.mark.integration

GROUP = "aether.memory"
HANDOVER_S = 2.0
#: Nobody who must hand over within two seconds may rely on being given up.
LONG_SESSION = {"AETHER_WORKER__SESSION_S": "6.0", "AETHER_WORKER__HEARTBEAT_S": "1.0"}


class Trio:
    """Three workers, and who of them writes where."""

    def __init__(self, grid: Grid, client: Client, name: str, **extra: str) -> None:
        self.grid = grid
        self.progress = Progress(client)
        names = [f"{name}-{number}" for number in ("one", "two", "three")]
        command = ("-m", "cli.main", "worker", "memory")
        self.roles = [grid.role(each, *command, AETHER_NODE=each, **extra) for each in names]

    def close(self) -> None:
        """Look no more."""
        self.progress.close()

    def written(self, since: int) -> dict[str, set[int]]:
        """Return the partitions that each node has written to since so many memories."""
        self.progress.look()
        found: dict[str, set[int]] = {}
        for memory in self.progress.memories[since:]:
            found.setdefault(memory.node, set()).add(memory.partition)
        return found

    def shared_by(self, *roles: Role) -> dict[str, set[int]]:
        """Wait until these workers, and no others, write to every partition; return who where."""
        every = set(range(MEMORY.partitions))
        since = len(self.progress.memories)
        found: dict[str, set[int]] = {}

        def settled() -> bool:
            nonlocal since, found
            found = self.written(since)
            if sum(map(len, found.values())) > len(every) or set(found) - {r.name for r in roles}:
                since = len(self.progress.memories)  # some changed hands: look at what comes now
                return False
            return len(found) == len(roles) and set().union(*found.values()) == every

        names = ", ".join(role.name for role in roles)
        self.grid.wait_until(settled, 60, f"every partition to be shared by {names}")
        return found

    def handover_s(self, leaver: Role) -> float:
        """Return how long after its SIGTERM others wrote to every partition of a worker."""
        since = len(self.progress.memories)
        gone = self.shared_by(*self.roles)[leaver.name]
        asked_ms = time.time() * 1000
        leaver.signal(signal.SIGTERM)
        first: dict[int, int] = {}

        def taken_over() -> bool:
            self.progress.look()
            for memory in self.progress.memories[since:]:
                if memory.node != leaver.name and memory.at_ms >= asked_ms:
                    first.setdefault(memory.partition, memory.at_ms)
            return gone <= set(first)

        self.grid.wait_until(taken_over, 60, f"the partitions of {leaver.name} to be taken over")
        leaver.ended_well()
        return (max(first[partition] for partition in gone) - asked_ms) / 1000


def test_dead_and_frozen_workers_are_replaced_with_the_right_state(
    log_grid: Grid, client: Client
) -> None:
    trio = Trio(log_grid, client, "replaced")
    one, two, three = trio.roles
    with running(*trio.roles):
        with Offers(client, "replaced") as offers:
            trio.shared_by(one, two, three)
            one.kill()
            trio.shared_by(two, three)
            two.signal(signal.SIGSTOP)
            trio.shared_by(three)
            two.signal(signal.SIGCONT)  # wakes up with decisions that another has made since
            trio.shared_by(two, three)
        log_grid.considered(client, GROUP, MEMORY)
        assert two.pid
        assert three.pid
    trio.close()
    assert recorded(client, "replaced") == offers.expected


def test_a_worker_that_is_asked_to_leave_hands_over_within_two_seconds(
    log_grid: Grid, client: Client
) -> None:
    trio = Trio(log_grid, client, "handed", **LONG_SESSION)
    took: list[float] = []
    with running(*trio.roles):
        with Offers(client, "handed") as offers:
            for leaver in trio.roles:  # a busy machine may spoil one or two of them
                took.append(trio.handover_s(leaver))
                if took[-1] <= HANDOVER_S:
                    break
                leaver.start()
        log_grid.considered(client, GROUP, MEMORY)
    trio.close()
    assert min(took) <= HANDOVER_S, took
    assert recorded(client, "handed") == offers.expected
