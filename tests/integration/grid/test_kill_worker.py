"""`kill -9` of a worker under load: nothing offered is lost, nothing is recorded twice.

The client lingers, so that much is decided and not yet delivered when a worker dies; with the same
load a worker that acknowledges early loses some of it.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.install import Installed
from processors.memory.decider import memory_id
from streams.envelope import ID
from streams.errors import Transient
from streams.events.memory import Content, Kind, MemoryOffered, MemoryRecorded
from streams.ids import EventId, MemoryId, derived
from streams.io.client import Client
from streams.io.settings import Settings
from streams.topics import MEMORY
from tests.integration.grid.harness import (
    Role,
    engines_running,
    environment,
    everything,
    running,
    settings_in,
    wait_until,
)

pytestmark = pytest.mark.integration

KILLS = 5
OFFERS, RATE = 2_400, 150.0
SCOPES = 40
LINGER = '{"linger.ms": "1000"}'


@pytest.fixture
def settings(installed: Installed, tmp_path: Path) -> Iterator[Settings]:
    made = settings_in(tmp_path)
    with engines_running(made, installed):
        yield made


def content(number: int) -> Content:
    return Content(
        kind=Kind.PASSAGE,
        text=f"memory {number}",
        title="t",
        uri="u",
        section="",
        speaker="",
        said_at_ms=None,
    )


def offer_all(client: Client) -> None:
    """Offer at a steady rate, to many scopes."""
    began = time.monotonic()
    for number in range(OFFERS):
        event = MemoryOffered(content=content(number))
        client.send(MEMORY, f"scope-{number % SCOPES}", event, EventId(derived("offer", number)))
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
    client.flush()


def kill_under_load(settings: Settings, client: Client, role: Role) -> None:
    """Kill the worker again and again while it works, then let it finish."""
    chance = random.Random(1)
    load = threading.Thread(target=offer_all, args=(client,), daemon=True)
    with running(role):
        load.start()
        done = 0
        for _ in range(KILLS):
            wait_until(lambda at=done: recorded(client) > at + OFFERS // 20, 60, role.tail())  # type: ignore[misc]
            time.sleep(chance.uniform(0.2, 1.0))  # not just when a batch was delivered
            role.kill()
            done = recorded(client)
            role.start()
        load.join()
        try:
            wait_until(lambda: recorded(client) >= OFFERS, 20)
        except AssertionError:
            return  # some are missing: the caller says which
        time.sleep(1.0)  # what is written twice would come now


def recorded(client: Client) -> int:
    """Return how many offers were recorded, repeats dropped."""
    return len(memories(client))


def memories(client: Client) -> Counter[MemoryId]:
    """Return what was recorded, and how often under different ids."""
    by_id: dict[bytes, MemoryId] = {}
    try:
        for record in everything(client, MEMORY):
            if client.wire.codec.kind_of(record.value) is MemoryRecorded:
                recorded_as = client.wire.open(record).event.memory_id
                event_id = dict(record.headers)[ID]
                assert by_id.setdefault(event_id, recorded_as) == recorded_as
    except Transient:
        return Counter()
    return Counter(by_id.values())


def expected() -> Counter[MemoryId]:
    return Counter(memory_id(f"scope-{n % SCOPES}", content(n)) for n in range(OFFERS))


def role(settings: Settings, *command: str) -> Role:
    env = environment(settings, AETHER_KAFKA__OPTIONS=LINGER)
    log = settings.data_dir / "logs" / "worker.log"
    return Role("worker", [*command, "memory"], env, log)


def test_a_killed_worker_loses_nothing_and_repeats_nothing(settings: Settings) -> None:
    with Client(settings) as client:
        kill_under_load(settings, client, role(settings, "-m", "cli.main", "worker"))
        assert memories(client) == expected()


def test_a_worker_that_acknowledges_early_is_caught(settings: Settings) -> None:
    program = Path(__file__).with_name("early_worker.py")
    with Client(settings) as client:
        kill_under_load(settings, client, role(settings, str(program)))
        assert expected() - memories(client), "nothing was lost: the kills prove nothing"
