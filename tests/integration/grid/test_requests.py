"""Worker, gateway and broker are killed, restarted and cut off while clients ask.

Every request that was acknowledged ends exactly once, nobody has to help, and whatever was not
killed is the same process at the end as at the beginning.
"""

import random
import signal
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from cli.capabilities import offer_capabilities
from engines.install import Installed
from streams.events.sessions import ResponseCompleted
from streams.io.client import Client
from streams.topics import MEMORY, REGISTRY, SESSIONS
from tests.integration.grid.asking import Asking, account, ask
from tests.integration.grid.harness import Grid, Role, grid_running, running

pytestmark = pytest.mark.integration

KILLS = 5
#: Answers that must come between two kills.
ENOUGH = 15
GROUP = "aether.grid"
CUT_S = 4.0


class House(NamedTuple):
    """A whole grid."""

    grid: Grid
    worker: Role
    gateway: Role
    client: Client

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return self.grid.settings.ports.gateway

    def answers(self) -> bool:
        """Whether a question is answered now."""
        try:
            return ask(self.port, "first")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with grid_running(tmp_path_factory.mktemp("house"), installed, models=True) as grid:
        worker = grid.role("worker", "-m", "cli.main", "worker")
        gateway = grid.role("gateway", "-m", "cli.main", "gateway")
        with Client(grid.settings) as client, running(worker, gateway):
            offer_capabilities(grid.settings)
            made = House(grid, worker, gateway, client)
            grid.wait_until(made.answers, 90, f"an answer\n{worker.tail()}\n{gateway.tail()}")
            yield made


def under_load(house: House, name: str, strike: Callable[[], None], times: int = KILLS) -> Asking:
    """Strike while clients ask, each time after enough was answered; then look at every request."""
    chance = random.Random(name)
    with Asking(house.port, name) as asking:
        for _ in range(times):
            _answered_more(house, asking)
            time.sleep(chance.uniform(0.05, 0.5))  # not just when an answer has come
            strike()
        _answered_more(house, asking)
    house.grid.considered(house.client, GROUP, SESSIONS, MEMORY, REGISTRY)
    found = account(house.client)
    assert found.faults == []
    assert asking.answered <= set(found.ended)
    assert found.kinds[ResponseCompleted] >= len(asking.answered)
    return asking


def _answered_more(house: House, asking: Asking) -> None:
    before = len(asking.answered)
    house.grid.wait_until(
        lambda: len(asking.answered) >= before + ENOUGH,
        90,
        f"{ENOUGH} more answers; {asking.turned_away}",
    )


def test_a_killed_worker_loses_no_request(house: House) -> None:
    gateway = house.gateway.pid

    def strike() -> None:
        house.worker.kill()
        house.worker.start()

    under_load(house, "worker", strike)
    assert house.gateway.pid == gateway


def test_a_killed_gateway_loses_no_request(house: House) -> None:
    worker = house.worker.pid

    def strike() -> None:
        house.gateway.kill()
        house.gateway.start()

    asking = under_load(house, "gateway", strike)
    assert house.worker.pid == worker
    assert asking.turned_away, "no client noticed: nothing was under way"


def test_a_killed_broker_loses_no_request(house: House) -> None:
    pids = house.worker.pid, house.gateway.pid
    under_load(house, "broker", house.grid.kill_broker)
    assert (house.worker.pid, house.gateway.pid) == pids


def test_a_restarted_broker_loses_no_request(house: House) -> None:
    pids = house.worker.pid, house.gateway.pid
    under_load(house, "restart", lambda: house.grid.kill_broker(signal.SIGTERM), times=1)
    assert (house.worker.pid, house.gateway.pid) == pids


@pytest.mark.parametrize("reset", [False, True], ids=["late", "reset"])
def test_a_broker_that_was_cut_off_loses_no_request(house: House, reset: bool) -> None:
    pids = house.worker.pid, house.gateway.pid
    relay = house.grid.relay

    def strike() -> None:
        held = relay.held_bytes
        relay.cut()
        time.sleep(CUT_S)  # longer than a session
        assert relay.held_bytes > held, "nothing was on its way"
        relay.mend(reset=reset)

    under_load(house, f"cut-{reset}".lower(), strike, times=1)
    assert (house.worker.pid, house.gateway.pid) == pids
