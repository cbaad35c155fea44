"""The job as a loop on aiokafka and fastavro: the client under stock Faust, without Faust."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.systems.job import (
    WARM,
    Meter,
    Order,
    decode_paid,
    encode_counted,
    head,
    order,
    warm,
)

COMMIT_EVERY = 20_000


async def main(asked: Order) -> None:
    """Count until everything is counted."""
    consumer = AIOKafkaConsumer(
        asked.source,
        bootstrap_servers=asked.bootstrap,
        group_id=asked.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=asked.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
    )
    await producer.start()
    await consumer.start()
    meter, counts, seen, committed = Meter(asked.events), dict[str, int](), 0, 0
    sent: list[asyncio.Future[object]] = []
    while seen < asked.total:
        taken = await consumer.getmany(timeout_ms=50, max_records=500)
        if not taken:
            continue
        for records in taken.values():
            for record in records:
                meter.count()
                paid = decode_paid(record.value)
                account = paid["account"]
                counts[account] = count = counts.get(account, 0) + 1
                written = encode_counted(paid, count)
                headers = head(record.topic, record.partition, record.offset, record.timestamp)
                sent.append(await producer.send(asked.target, written, record.key, headers=headers))
                seen += 1
        if seen - committed >= COMMIT_EVERY or seen in (WARM, asked.total):
            await asyncio.gather(*sent)
            sent.clear()
            await consumer.commit()
            committed = seen
            if seen == WARM:
                warm()
    meter.done()
    await consumer.stop()
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(main(order()))
