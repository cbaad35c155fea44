"""The job as a loop on confluent-kafka and fastavro: what the broker and Python allow at most.

Loses nothing on a crash, but forgets its counts: it keeps them in a dictionary alone. With `bare`
as second argument it writes values without headers, which no other system of this benchmark does.
"""

import sys
from typing import Any

from confluent_kafka import Consumer, Message, Producer

from benchmarks.systems.job import Meter, Order, decode_paid, encode_counted, head, order, warm

COMMIT_EVERY = 20_000


def main(asked: Order, *, headed: bool) -> None:
    """Count until everything is counted."""
    consumer, producer = _clients(asked)
    consumer.subscribe([asked.source])
    meter, counts, seen, committed = Meter(asked.events), dict[str, int](), 0, 0
    while seen < asked.total:
        first = consumer.poll(0.05)
        if first is None:
            continue
        batch = [first, *consumer.consume(499, 0)]
        seen += len(batch)
        _count(batch, counts, producer, asked.target, meter, headed)
        if seen - committed >= COMMIT_EVERY:
            producer.flush()
            consumer.commit(asynchronous=True)
            committed = seen
        if meter.is_warm and seen - len(batch) < asked.total - asked.events <= seen:
            producer.flush()
            warm()
    producer.flush()
    if seen > committed:
        consumer.commit(asynchronous=False)
    meter.done()
    consumer.close()


def _clients(asked: Order) -> tuple[Consumer, Producer]:
    consumer = Consumer(
        {
            "bootstrap.servers": asked.bootstrap,
            "group.id": asked.group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 20_000,
            "fetch.queue.backoff.ms": 5,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": asked.bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
        }
    )
    return consumer, producer


def _count(
    batch: list[Message],
    counts: dict[str, int],
    producer: Producer,
    target: str,
    meter: Meter,
    headed: bool,
) -> None:
    for message in batch:
        meter.count()
        value, key = message.value(), message.key()
        assert value is not None
        paid = decode_paid(value)
        account = paid["account"]
        counts[account] = count = counts.get(account, 0) + 1
        written, headers = encode_counted(paid, count), _head(message) if headed else None
        while True:
            try:
                producer.produce(target, written, key, headers=headers)
                break
            except BufferError:
                producer.poll(0.01)
    producer.poll(0)


def _head(cause: Message) -> Any:
    place = cause.topic() or "", cause.partition() or 0, cause.offset() or 0
    return head(*place, cause.timestamp()[1])


if __name__ == "__main__":
    main(order(), headed=sys.argv[2:] != ["bare"])
