"""The job as a stock Faust application: its own driver, its table for the counts, its producer.

With `dict` as second argument the counts are in a dictionary, which a crash forgets.
"""

import asyncio
import sys
from typing import Any

import faust

from benchmarks.systems.job import (
    PARTITIONS,
    WARM,
    Meter,
    Order,
    decode_paid,
    encode_counted,
    head,
    order,
    warm,
)


def application(asked: Order) -> faust.App:
    """Return an application as Faust's documentation has it."""
    return faust.App(
        asked.group,
        broker=f"aiokafka://{asked.bootstrap}",
        datadir=asked.folder,
        store="memory://",
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )


async def main(asked: Order, *, in_table: bool) -> None:
    """Count until everything is counted."""
    app = application(asked)
    source = app.topic(asked.source, key_serializer="raw", value_serializer="raw")
    target = app.topic(asked.target, key_serializer="raw", value_serializer="raw")
    counts: Any = app.Table("counts", default=int) if in_table else {}
    meter, over, seen = Meter(asked.events), asyncio.Event(), 0

    async def count(stream: Any) -> None:
        nonlocal seen
        async for event in stream.events():
            meter.count()
            paid, cause = decode_paid(event.value), event.message
            account = paid["account"]
            counts[account] = counts.get(account, 0) + 1
            written = encode_counted(paid, counts[account])
            at_ms = int(cause.timestamp * 1000)
            headers = head(cause.topic, cause.partition, cause.offset, at_ms)
            await target.send(key=event.key, value=written, headers=headers)
            seen += 1
            if seen == WARM:
                warm()
            if seen == asked.total:
                over.set()

    app.agent(source)(count)
    await app.start()
    await over.wait()
    while app.producer.buffer.size:  # its flush gives up after a tenth of a second
        await asyncio.sleep(0.01)
    await app.producer.flush()
    await app.commit({asked.source})
    meter.done()
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main(order(), in_table=sys.argv[2:] != ["dict"]))
