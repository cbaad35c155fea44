"""The job as a Quix Streams application, with its counts in a dictionary.

Runs in an environment of its own: its confluent-kafka is older than ours.
"""

from typing import Any

from quixstreams import Application, message_context

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


def main(asked: Order) -> None:
    """Count until everything is counted."""
    app = Application(
        broker_address=asked.bootstrap,
        consumer_group=asked.group,
        state_dir=asked.folder,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel="ERROR",
        producer_extra_config={"acks": "all", "enable.idempotence": True, "linger.ms": 5},
    )
    source = app.topic(asked.source, key_deserializer="bytes", value_deserializer="bytes")
    target = app.topic(asked.target, key_serializer="bytes", value_serializer="bytes")
    meter, counts, seen = Meter(asked.events), dict[str, int](), 0

    def count(value: bytes) -> bytes:
        nonlocal seen
        meter.count()
        paid = decode_paid(value)
        account = paid["account"]
        counts[account] = counts.get(account, 0) + 1
        seen += 1
        if seen == WARM:
            warm()
        if seen == asked.total:
            app.stop()
        return encode_counted(paid, counts[account])

    def headers(_value: bytes, _key: bytes, at_ms: int, _headers: Any) -> Any:
        cause = message_context()
        return head(cause.topic, cause.partition, cause.offset, at_ms)

    frame: Any = app.dataframe(source).apply(count).set_headers(headers)
    frame.to_topic(target)
    app.run()
    meter.done()


if __name__ == "__main__":
    main(order())
