"""One suite for every EventLog: what is written in `streams/log.py` holds for each of them."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from replay.travel import of_keys
from streams.errors import DeliveryFailed, LogTruncated, Misconfigured
from streams.io.archive.log import ArchivedLog
from streams.io.codec import Codec
from streams.io.kafka.log import PROCESSOR, KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Draft, EventLog, Record, Span
from streams.partitioner import partition_of
from streams.topics import ARCHIVE, Topic
from tests.fakes import NumberedRegistry

PARTITIONS = 3


class Place:
    """A topic of its own on some log, and how to cut its beginning off."""

    def __init__(self, log: EventLog, topic: str, truncate: Callable[[int, int], None]) -> None:
        self.log = log
        self.topic = topic
        self.truncate = truncate
        self.told: list[DeliveryFailed | None] = []

    def append(self, *values: bytes, key: bytes = b"k", partition: int | None = 0) -> None:
        drafts = [Draft(self.topic, partition, key, value, [("h", value)]) for value in values]
        assert self.log.append(drafts, self.told.append) == len(drafts)
        assert self.log.flush(20) == 0

    def read(self, partition: int = 0, start: int = 0, end: int = 1_000_000) -> list[Record]:
        batches = self.log.read(self.topic, partition, start, end)
        return [record for batch in batches for record in batch]


@pytest.fixture(params=["memory", "archived", pytest.param("kafka", marks=pytest.mark.integration)])
def place(request: Any, tmp_path: Path) -> Iterator[Place]:
    topic = f"contract-{uuid.uuid4().hex[:8]}"
    if request.param == "memory":
        broker = MemoryBroker({topic: PARTITIONS})
        log = MemoryLog(broker)
        yield Place(log, topic, lambda p, first: broker.truncate(topic, p, first))
        return
    if request.param == "archived":
        broker = MemoryBroker({topic: PARTITIONS, ARCHIVE.name: 1})
        live = MemoryLog(broker)
        store = DirectoryStore(tmp_path)
        whole = ArchivedLog(live, Wire(Codec(NumberedRegistry()), store), store)
        yield Place(whole, topic, lambda p, first: broker.truncate(topic, p, first))
        return
    bootstrap = request.getfixturevalue("kafka_bootstrap")
    create_topics(bootstrap, {}, topics=[Topic(name=topic, key="k", partitions=PARTITIONS)])
    kafka = KafkaLog(bootstrap, PROCESSOR)
    yield Place(kafka, topic, lambda p, first: _delete_before(bootstrap, topic, p, first))
    kafka.close()


def _delete_before(bootstrap: str, topic: str, partition: int, first: int) -> None:
    from confluent_kafka import TopicPartition

    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.delete_records([TopicPartition(topic, partition, first)]).values():
        future.result(20)


def test_what_is_appended_is_read_in_order_and_whole(place: Place) -> None:
    place.append(b"a", b"b")
    place.append(b"c")
    records = place.read()
    assert [(r.offset, r.key, r.value, r.headers) for r in records] == [
        (0, b"k", b"a", [("h", b"a")]),
        (1, b"k", b"b", [("h", b"b")]),
        (2, b"k", b"c", [("h", b"c")]),
    ]
    assert all(r.topic == place.topic and r.partition == 0 for r in records)
    assert [r.timestamp_ms for r in records] == sorted(r.timestamp_ms for r in records)


def test_every_draft_is_reported_once(place: Place) -> None:
    place.append(b"a", b"b", b"c")
    assert place.told == [None, None, None]


def test_nothing_is_durable_before_it_is_served(place: Place) -> None:
    told: list[DeliveryFailed | None] = []
    place.log.append([Draft(place.topic, 0, b"k", b"a", [])], told.append)
    assert told == []
    place.log.flush(20)
    assert told == [None]


def test_null_keys_and_values_and_repeated_headers_survive(place: Place) -> None:
    head = [("h", b"1"), ("h", b"2"), ("empty", b"")]
    place.log.append([Draft(place.topic, 1, None, None, head)], place.told.append)
    place.log.flush(20)
    (record,) = place.read(partition=1)
    assert (record.key, record.value, record.headers) == (None, None, head)


def test_a_key_lives_where_the_java_partitioner_puts_it(place: Place) -> None:
    keys = [f"schlüssel-{n}".encode() for n in range(40)]
    for key in keys:
        place.log.append([Draft(place.topic, None, key, b"x", [])], place.told.append)
    place.log.flush(20)
    found = {r.key: p for p in range(PARTITIONS) for r in place.read(p)}
    assert found == {key: partition_of(key, PARTITIONS) for key in keys}


def test_a_range_is_read_and_nothing_beside_it(place: Place) -> None:
    place.append(*(str(n).encode() for n in range(10)))
    assert [r.value for r in place.read(start=3, end=6)] == [b"3", b"4", b"5"]
    assert place.read(start=10) == []
    assert place.read(start=4, end=4) == []
    assert place.read(partition=2) == []


def test_some_keys_of_a_range_are_read_alone(place: Place) -> None:
    for key in (b"x", b"y", b"z", b"x", b"y", b"x"):
        place.append(key + b"!", key=key)

    def read(start: int, end: int, *keys: bytes) -> list[Record]:
        batches = of_keys(place.log, place.topic, 0, Span(start, end), keys)
        return [record for batch in batches for record in batch]

    whole = place.read()
    assert read(0, 6, b"x") == [whole[0], whole[3], whole[5]]
    assert read(0, 100, b"x", b"z") == [whole[0], whole[2], whole[3], whole[5]]
    assert read(1, 5, b"x", b"y") == [whole[1], whole[3], whole[4]]
    assert read(0, 6, b"nobody") == read(6, 9, b"x") == []


def test_a_span_says_what_a_partition_holds(place: Place) -> None:
    assert place.log.span(place.topic, 0) == (0, 0)
    place.append(b"a", b"b")
    assert place.log.span(place.topic, 0) == (0, 2)
    assert place.log.partitions(place.topic) == PARTITIONS


def test_reading_below_a_truncated_log_is_an_error(place: Place) -> None:
    place.append(*(str(n).encode() for n in range(5)))
    place.truncate(0, 3)
    assert place.log.span(place.topic, 0) == (3, 5)
    assert [r.value for r in place.read(start=3)] == [b"3", b"4"]
    with pytest.raises(LogTruncated):
        place.read(start=2)


def test_a_time_leads_to_the_first_record_not_older(place: Place) -> None:
    place.append(b"a", b"b")
    first, second = place.read()
    assert place.log.offset_at(place.topic, 0, first.timestamp_ms) == 0
    assert place.log.offset_at(place.topic, 0, second.timestamp_ms + 60_000) == 2


def test_a_follower_sees_what_comes_and_where_it_is(place: Place) -> None:
    place.append(b"a", b"b")
    follower = place.log.follow({(place.topic, 0): 1, (place.topic, 1): 0})
    assert [r.value for r in _take(follower, 1)] == [b"b"]
    place.append(b"c")
    place.append(b"d", partition=1)
    assert sorted(r.value or b"" for r in _take(follower, 2)) == [b"c", b"d"]
    assert follower.positions() == {(place.topic, 0): 3, (place.topic, 1): 1}
    follower.close()
    follower.close()


def test_an_unknown_topic_is_a_setting_to_mend(place: Place) -> None:
    with pytest.raises(Misconfigured):
        place.log.partitions("no-such-topic")


def test_a_topic_has_an_identity(place: Place) -> None:
    assert place.log.identity(place.topic) == place.log.identity(place.topic) != ""


def test_closing_twice_is_harmless(place: Place) -> None:
    place.log.close()
    place.log.close()


def _take(follower: Any, count: int) -> list[Record]:
    taken: list[Record] = []
    for _ in range(100):
        taken += follower.take(0.2)
        if len(taken) >= count:
            break
    return taken


def test_a_full_log_takes_what_it_has_room_for() -> None:
    log = MemoryLog(MemoryBroker({"t": 1}), in_flight_max=2)
    drafts = [Draft("t", 0, b"k", str(n).encode(), []) for n in range(3)]
    assert log.append(drafts, lambda _: None) == 2
    assert log.append(drafts[2:], lambda _: None) == 0
    log.serve()
    assert log.append(drafts[2:], lambda _: None) == 1


@pytest.mark.integration
def test_a_full_kafka_client_takes_what_it_has_room_for(kafka_bootstrap: str) -> None:
    topic = f"contract-{uuid.uuid4().hex[:8]}"
    create_topics(kafka_bootstrap, {}, topics=[Topic(name=topic, key="k", partitions=1)])
    log = KafkaLog(kafka_bootstrap, PROCESSOR, {"queue.buffering.max.messages": 10})
    drafts = [Draft(topic, 0, b"k", str(n).encode(), []) for n in range(50)]
    sent = log.append(drafts, lambda _: None)
    assert 0 < sent < 50
    while sent < 50:
        log.serve(0.1)
        sent += log.append(drafts[sent:], lambda _: None)
    assert log.flush(20) == 0
    values = [r.value for batch in log.read(topic, 0, 0, 50) for r in batch]
    assert values == [d.value for d in drafts]
    log.close()


@pytest.mark.integration
def test_ten_thousand_keys_live_where_librdkafkas_murmur2_puts_them(kafka_bootstrap: str) -> None:
    topic, partitions = f"contract-{uuid.uuid4().hex[:8]}", 97
    create_topics(kafka_bootstrap, {}, topics=[Topic(name=topic, key="k", partitions=partitions)])
    log = KafkaLog(kafka_bootstrap, PROCESSOR)
    keys = {
        f"{n:x}-größe-鍵-🗼"[: n % 17 + 1].encode() + b"/" + str(n).encode() for n in range(10_000)
    }
    drafts = [Draft(topic, None, key, b"x", []) for key in keys]
    assert log.append(drafts, lambda _: None) == len(drafts)
    assert log.flush(60) == 0
    found = {
        record.key: p
        for p in range(partitions)
        for batch in log.read(topic, p, 0, len(keys))
        for record in batch
    }
    log.close()
    assert found == {key: partition_of(key, partitions) for key in keys}
