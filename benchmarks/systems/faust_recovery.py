"""Recovers a stock Faust table from a changelog, and says what it took.

It is spared decoding and folding: keys and values stay bytes, the last value of a key wins.
"""

import asyncio
import json
import sys
from typing import Any, cast

import faust

from benchmarks.systems.job import now


async def main(bootstrap: str, folder: str, group: str, source: str, changelog: str) -> None:
    """Start, wait for the recovery, stop."""
    app = faust.App(
        group,
        broker=f"aiokafka://{bootstrap}",
        datadir=folder,
        store="memory://",
        topic_partitions=4,
        topic_replication_factor=1,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    topic = app.topic(source, key_serializer="raw", value_serializer="raw")
    kept = app.topic(changelog, key_serializer="raw", value_serializer="raw", compacting=True)
    table: Any = app.Table("states", changelog_topic=kept, partitions=4)
    recovered, began = asyncio.Event(), (0.0, 0.0)

    async def assigned(_app: Any, *_: Any, **__: Any) -> None:
        nonlocal began
        began = now()

    async def done() -> None:
        recovered.set()

    async def read(stream: Any) -> None:
        async for _ in stream:
            pass

    app.on_partitions_assigned.connect(cast(Any, assigned))
    table.on_recover(done)
    app.agent(topic)(read)
    await app.start()
    await recovered.wait()
    seconds, cpu_s = (after - before for after, before in zip(now(), began, strict=True))
    print(json.dumps({"keys": len(table), "seconds": seconds, "cpu_s": cpu_s}), flush=True)
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
