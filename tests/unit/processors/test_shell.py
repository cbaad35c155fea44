"""From Faust's events to batches: what concerns nobody is left out, its offset is not."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.exceptions import ConsumerNotStarted

from processors.shell import Membership, Shell, _batch, _filling
from streams.errors import Fatal
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.log import Record


class Wanting:
    """A runner that wants what does not begin with an n."""

    def wants(self, value: bytes | None) -> bool:
        return value is None or not value.startswith(b"n")


class Message:
    """A message of librdkafka's."""

    def __init__(self, offset: int, value: bytes | None, headers: Any = None) -> None:
        self.said = ("t", 1, offset, (1, 1_700_000_000_123), b"k", value, headers)

    def __getattr__(self, name: str) -> Any:
        names = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
        return lambda: self.said[names.index(name)]


def event(value: Any, offset: int = 7, headers: Any = None) -> Any:
    message = SimpleNamespace(
        topic="t", partition=1, offset=offset, generation_id=3, timestamp=1_700_000_000.123,
        key=b"k", value=value, headers=headers,
    )  # fmt: skip
    return SimpleNamespace(message=message, ack=lambda: "acked")


def batch(value: Any, headers: Any = None) -> Any:
    runner: Any = Wanting()
    return _batch(runner, event(value, headers=headers))


RECORD = Record("t", 1, 7, 1_700_000_000_123, b"k", b"v", [])


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        (None, []),
        ([("a", b"1"), ("a", b"2")], [("a", b"1"), ("a", b"2")]),
        ({"a": b"1"}, [("a", b"1")]),
    ],
)
def test_a_single_message_is_a_batch_of_one(headers: Any, read: Any) -> None:
    made = batch(b"v", headers)
    assert made[:4] == (1, 3, [RECORD._replace(headers=read)], 8)
    assert made.acknowledge() == "acked"


def test_a_single_message_that_nobody_wants_still_moves_the_position() -> None:
    assert batch(b"n")[:4] == (1, 3, [], 8)


def test_of_many_messages_those_that_concern_somebody_are_kept_in_order() -> None:
    made = batch([Message(3, b"v"), Message(5, b"n"), Message(7, None, [("a", b"1")])])
    assert made[:4] == (
        1,
        3,
        [RECORD._replace(offset=3), RECORD._replace(value=None, headers=[("a", b"1")])],
        8,
    )


async def test_a_consumer_that_has_not_begun_is_asked_again(tmp_path: Path) -> None:
    membership = Membership("group", "kafka://127.0.0.1:9")
    app: Any = Shell(membership, [], MemoryLog(MemoryBroker({})), tmp_path).app
    with pytest.raises(ConsumerNotStarted):
        app.consumer.assignment()
    asking = asyncio.create_task(app.tables._update_channels())
    done, _ = await asyncio.wait([asking], timeout=0.1)
    assert not done
    asking.cancel()


async def test_a_consumer_that_will_not_begin_any_more_is_not_waited_for(tmp_path: Path) -> None:
    membership = Membership("group", "kafka://127.0.0.1:9")
    app: Any = Shell(membership, [], MemoryLog(MemoryBroker({})), tmp_path).app
    asking = asyncio.create_task(app.tables._update_channels())
    await asyncio.sleep(0)
    app._stopped.set()
    await asyncio.wait_for(asking, 10)


async def test_an_application_that_does_not_stop_ends_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(
        Membership("group", "kafka://127.0.0.1:9"), [], MemoryLog(MemoryBroker({})), tmp_path
    )
    stuck, over = asyncio.Event(), asyncio.Event()

    async def start() -> None:
        pass

    async def stop() -> None:
        while not over.is_set():
            with suppress(asyncio.CancelledError):
                await stuck.wait()
            await asyncio.sleep(0)

    monkeypatch.setattr(shell.app, "start", start)
    monkeypatch.setattr(shell.app, "stop", stop)
    monkeypatch.setattr("processors.shell.STOP_S", 0.05)
    asked = asyncio.Event()
    asked.set()
    with pytest.raises(Fatal, match=r"did not stop within 0\.05 s"):
        await asyncio.wait_for(shell.run(asked), 10)
    over.set()
    stuck.set()


@pytest.mark.parametrize(
    ("broker", "filled"),
    [("aiokafka://127.0.0.1:9", True), ("rdkafka://127.0.0.1:9?events=batch", False)],
)
def test_what_fausts_own_driver_passes_over_is_looked_for(broker: str, filled: bool) -> None:
    filling = _filling(Membership("group", broker), "t", MemoryLog(MemoryBroker({})))
    assert (filling is not None) is filled
