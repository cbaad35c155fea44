"""Headers as only a foreign producer writes them: null, or none of ours; the worker lives on."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from processors.batch import Batch
from streams.log import Draft
from tests.unit.processors.crash_world import World, make_runner
from tests.unit.processors.lossy_log import LossyLog
from tests.unit.processors.toy_events import TOPIC, Counted, Looked, Told


@pytest.mark.parametrize(
    "name",
    ["ce_id", "ce_correlationid", "ce_causationid", "ce_dataref", "traceparent", "aether_cause",
     "aether_request", "aether_processor", "aether_attempt"],
)  # fmt: skip
@pytest.mark.parametrize("value", [None, b"", b"\xff", b"x"])
@pytest.mark.parametrize("event", [Told(body=5), Told(body=-1), Counted(body=1), Looked(body=1)])
async def test_no_header_of_a_stranger_stops_the_worker(
    name: str, value: Any, event: Any, tmp_path: Path
) -> None:
    world = World(1, tmp_path, make_runner)
    world.chance = random.Random(0)
    head: Any = [("aether_processor", b"looking/1"), (name, value)]
    encoded = world.wire.codec.encode(event)
    heads: list[Any] = [[], head, head, []]
    for given in heads:
        world.broker.land(Draft(TOPIC.name, 0, b"k", encoded, given))
    done: list[bool] = []
    log = _Landing(world.broker)
    runner = world.make_runner(world, log)
    await runner.take(Batch(0, 0, world.records()[2:4], 4, lambda: done.append(True)))
    assert runner.failure is None
    await runner.release(60)
    assert done == [True]
    runner.reset()


class _Landing(LossyLog):
    """Lands what is appended at once."""

    def append(self, drafts: Any, delivered: Any) -> int:
        sent = super().append(drafts, lambda error: _soon(delivered, error))
        while self.in_flight:
            self.land_one()
        return sent


def _soon(delivered: Any, error: Any) -> None:
    asyncio.get_running_loop().call_soon(delivered, error)
