"""Whose commit a record of Kafka's own topic is; bytes as brokers of version 4.4 write them."""

from typing import Any

import pytest

from streams.io.kafka.commits import TOPIC, Commits, Reader, reader_of
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.log import Draft

KEY = b"\x00\x01\x00\x07readers\x00\x06orders\x00\x00\x00\x02"
READER = Reader("readers", "orders", 2)


def test_the_key_of_a_commit_names_its_reader() -> None:
    assert reader_of(KEY) == READER
    assert reader_of(b"\x00\x00" + KEY[2:]) == READER


@pytest.mark.parametrize(
    "key", [b"", b"\x00", b"\x00\x02\x00\x07readers", KEY[:-1], b"\x00\x01\x7f\xff"]
)
def test_other_keys_name_nobody(key: bytes) -> None:
    assert reader_of(key) is None


def test_commits_are_heard_from_the_past_and_from_then_on() -> None:
    log = MemoryLog(MemoryBroker({TOPIC: 2}))

    def commit(key: bytes, value: bytes | None = b"v") -> None:
        log.append([Draft(TOPIC, 1, key, value, [])], lambda _: None)
        log.flush(1)

    commit(KEY)
    commits = Commits(log)
    assert commits.at_ms(READER) is None
    at_ms = log.broker.records[TOPIC, 1][0].timestamp_ms
    commits.listen(at_ms + 600_000)
    assert commits.at_ms(READER) == at_ms
    unheard = Reader("others", "orders", 0)
    assert commits.at_ms(unheard) == at_ms, "it committed before we listened, if ever"
    commit(KEY)
    commits.listen(at_ms + 601_000)
    assert commits.at_ms(READER) == at_ms + 1
    commit(KEY, None)
    commits.listen(at_ms + 602_000)
    assert commits.at_ms(READER) == at_ms, "its offset was taken away"


def test_who_works_on_what_comes_next_says_so_with_the_last_commit() -> None:
    log = MemoryLog(MemoryBroker({TOPIC: 1}))
    commits = Commits(log)
    heard = []
    for value in (b"\x00\x03v", b"\x00\x03v\x00\x0eaether:working\x00\x01", b"\x00\x03v", None):
        log.append([Draft(TOPIC, 0, KEY, value, [])], lambda _: None)
        log.flush(1)
        commits.listen(log.broker.records[TOPIC, 0][-1].timestamp_ms)
        heard.append(commits.works(READER))
    assert heard == [False, True, False, False]


def test_where_the_topic_is_not_there_the_times_stay_unknown() -> None:
    commits = Commits(MemoryLog(MemoryBroker({})))
    commits.listen(1_000)
    assert commits.at_ms(READER) is None


class Piecemeal(MemoryLog):
    """Hands out one record a take, as one who follows live may be given them."""

    def follow(self, starts: Any) -> Any:
        whole, waiting = super().follow(starts), list[Any]()

        class One:
            def take(self, timeout_s: float) -> list[Any]:
                waiting.extend(whole.take(timeout_s))
                return [waiting.pop(0)] if waiting else []

            def close(self) -> None:
                whole.close()

        return One()


def test_all_that_was_committed_is_heard_at_once_however_it_comes() -> None:
    log = Piecemeal(MemoryBroker({TOPIC: 2}))

    def commit(times: int) -> int:
        log.append([Draft(TOPIC, 1, KEY, b"v", [])] * times, lambda _: None)
        log.flush(1)
        return log.broker.records[TOPIC, 1][-1].timestamp_ms

    commits = Commits(log)
    commits.listen(commit(1) + 600_000)
    last_ms = commit(5)
    commits.listen(last_ms + 600_000)
    assert commits.at_ms(READER) == last_ms
