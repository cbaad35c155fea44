"""`kill -9` of a worker under load: nothing offered is lost, nothing is recorded twice.

The worker's producer lingers, so that much is decided and not yet delivered when it dies; with the
same load a worker that acknowledges early loses some of it.
"""

import random
import time
from pathlib import Path

import pytest

from streams.io.client import Client
from streams.topics import MEMORY
from tests.integration.grid.harness import Grid, Role, running
from tests.integration.grid.offers import Offers, Progress, recorded

pytestmark = pytest.mark.integration

KILLS = 5
#: What must be recorded between two kills.
ENOUGH = 60
GROUP = "aether.memory"


def lingering(grid: Grid, name: str, *command: str, **extra: str) -> Role:
    """Return a worker of memory whose events stay in its queue for a second."""
    linger = '{"linger.ms": "1000"}'
    return grid.role(name, *command, "memory", AETHER_KAFKA__OPTIONS=linger, **extra)


def kill_under_load(grid: Grid, client: Client, role: Role) -> Offers:
    """Kill the worker again and again while it works, then let it finish."""
    chance = random.Random(1)
    progress = Progress(client)
    with running(role):
        with Offers(client, role.name) as offers:
            for _ in range(KILLS):
                done = progress.look()
                grid.wait_until(
                    lambda at=done: progress.look() >= at + ENOUGH,  # type: ignore[misc]
                    60,
                    f"{ENOUGH} memories of {role.name}",
                )
                time.sleep(chance.uniform(0.1, 1.0))  # not just when a batch was delivered
                assert offers.count > progress.look(), "nothing was in flight"
                role.kill()
                role.start()
        grid.considered(client, GROUP, MEMORY)
        role.stop()
    progress.close()
    return offers


@pytest.mark.parametrize("transport", ["rdkafka", "aiokafka"])
def test_a_killed_worker_loses_nothing_and_repeats_nothing(
    log_grid: Grid, client: Client, transport: str
) -> None:
    name = f"killed-{transport}"
    role = lingering(log_grid, name, "-m", "cli.main", "worker", AETHER_WORKER__TRANSPORT=transport)
    offers = kill_under_load(log_grid, client, role)
    assert recorded(client, name) == offers.expected


def test_a_worker_that_acknowledges_early_is_caught(log_grid: Grid, client: Client) -> None:
    role = lingering(log_grid, "early", str(Path(__file__).with_name("early_worker.py")))
    offers = kill_under_load(log_grid, client, role)
    assert offers.expected - recorded(client, "early"), "nothing was lost: the kills prove nothing"
