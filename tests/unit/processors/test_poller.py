"""What was asked of the polling thread while partitions were ours is done before they go."""

import asyncio
import time
from typing import Any

from processors.transport.poller import Poller


async def test_every_job_is_done_before_partitions_are_given_up() -> None:
    loop, done = asyncio.get_running_loop(), list[int]()
    poller = Poller(None, loop, {}, [], 1)  # type: ignore[arg-type]

    def slowly(_: Any) -> None:
        time.sleep(0.05)  # what is waited for is over long before
        done.append(1)

    async def revoked() -> None:
        poller.submit(slowly)
        poller.submit(lambda _: done.append(2))
        poller.submit(lambda _: done.append(3))

    await asyncio.to_thread(poller._call, None, revoked())  # type: ignore[arg-type]
    assert done == [1, 2, 3]
