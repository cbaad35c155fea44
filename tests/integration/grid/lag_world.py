"""Topics, their readers and what the observer says of them, for `test_lag`.

The truth is the test's own: when it saw each record appended, by its own clock.
"""

import math
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.request import urlopen

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from streams.events.lag import LagVerdictChanged, Status, Verdict
from streams.io.client import Client
from streams.io.settings import ROOT
from streams.topics import OBSERVATIONS
from tests.integration.grid.harness import everything
from tests.integration.grid.lag_reader import Reader, read

PACE_S, SESSION_S = 0.05, 30.0
_METRIC = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Said(NamedTuple):
    """What the observer said of a group, and when by the broker's clock."""

    at_s: float
    status: Status
    verdicts: tuple[Verdict, ...]


class Scrape:
    """What `/metrics` said at one time."""

    def __init__(self, port: int) -> None:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            self.text = answer.read().decode()
        self._rows = [
            found.groups() for found in map(_METRIC.match, self.text.split("\n")) if found
        ]

    def names(self) -> set[str]:
        """Return the names of all metrics."""
        return {name for name, _, _ in self._rows}

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of a metric with these labels, None if it is not told."""
        for found, text, value in self._rows:
            if found == name and labels.items() <= dict(_LABEL.findall(text or "")).items():
                return float(value)
        return None

    def one(self, name: str, **labels: str) -> float:
        """Return the value of a metric that must be there."""
        value = self.value(name, **labels)
        assert value is not None, (name, labels)
        return value


class Appended(NamedTuple):
    """A record was appended after it was sent, and before that was heard."""

    sent_s: float
    heard_s: float


class Producing:
    """Appends a record to every topic that is not idle, twenty times a second."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "1"})
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.idle: set[str] = set()
        self.topics: list[str] = []
        self.appended: dict[str, dict[int, Appended]] = {}

    def create(self, names: list[str], **config: str) -> None:
        """Create topics of one partition."""
        made = self._admin.create_topics([NewTopic(n, 1, 1, config=config) for n in names])
        for answer in made.values():
            answer.result(30)
        self.appended |= {name: {} for name in names}
        self.topics += [name for name in names if name not in self.topics]

    def delete(self, name: str) -> None:
        """Delete a topic."""
        self.idle.add(name)
        self._producer.flush(10)
        self._admin.delete_topics([name])[name].result(30)
        self.appended[name] = {}

    def append(self, name: str) -> None:
        """Append one record."""
        sent_s, records = time.time(), self.appended[name]
        records[len(records)] = Appended(sent_s, math.inf)

        def heard(error: KafkaError | None, message: Message) -> None:
            offset = message.offset()
            if error is None and offset is not None:
                records[offset] = Appended(sent_s, time.time())

        self._producer.produce(name, b"x", on_delivery=heard)

    def flushed(self, name: str) -> int:
        """Return how many records of a topic are known to be appended."""
        self._producer.flush(10)
        return len(self.appended[name])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Append for a while."""
        self._thread.start()
        try:
            yield
        finally:
            self._halt.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._halt.wait(PACE_S):
            for name in self.topics:
                if name not in self.idle:
                    self.append(name)
            self._producer.poll(0)


class Member:
    """A reader in a thread of this process."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = Reader(bootstrap, topic, topic, SESSION_S)
        self._thread = threading.Thread(target=read, args=(reader, self._told), daemon=True)
        self._thread.start()

    def tell(self, command: str) -> None:
        """Tell it to do something."""
        self._told.put(command)

    def end(self) -> None:
        """Let it leave, whatever it was told."""
        self.tell("leave")
        self._thread.join()


class Outsider:
    """A reader in a process of its own, which can be stopped and killed."""

    def __init__(self, bootstrap: str, topic: str, session_s: float) -> None:
        program = [sys.executable, "-m", "tests.integration.grid.lag_reader"]
        self._process = subprocess.Popen(
            [*program, bootstrap, topic, topic, str(session_s)], stdin=subprocess.PIPE, cwd=ROOT
        )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> None:
        """Kill it if it is there."""
        self._process.kill()
        self._process.communicate()


def said_of(client: Client) -> Mapping[str, list[Said]]:
    """Return all that the observer said, by group, in order."""
    found: dict[str, list[Said]] = {}
    for record in everything(client, OBSERVATIONS):
        if client.wire.codec.kind_of(record.value) is LagVerdictChanged:
            opened = client.wire.open(record)
            verdicts = tuple(one.verdict for one in opened.event.partitions)
            said = Said(opened.recorded_at_ms / 1000, opened.event.status, verdicts)
            found.setdefault(opened.key, []).append(said)
    return found
