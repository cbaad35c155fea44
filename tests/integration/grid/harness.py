"""A grid for tests: real engines on free ports, our own processes started and killed by hand."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli import apart
from cli.apart import settings_in
from cli.grid import engines
from engines.install import Installed
from engines.logfile import LogFile
from engines.ports import free_port
from engines.process import Process
from engines.supervisor import Supervisor
from streams.io.client import Client
from streams.io.settings import ROOT, Settings
from streams.log import Record
from streams.topics import EVENT_TOPICS, Topic

#: A short session, so that the tests need not wait for the broker to give a member up.
SESSION_S, HEARTBEAT_S = 2.0, 0.4

__all__ = ["settings_in"]


def environment(settings: Settings, **extra: str) -> dict[str, str]:
    """Return what a process of this grid gets."""
    return apart.environment(
        settings,
        AETHER_WORKER__SESSION_S=str(SESSION_S),
        AETHER_WORKER__HEARTBEAT_S=str(HEARTBEAT_S),
        **extra,
    )


@contextmanager
def engines_running(settings: Settings, installed: Installed) -> Iterator[Supervisor]:
    """Run Kafka and the registry, topics and schemas prepared."""
    wanted = [e for e in engines(settings, installed) if e.name != "triton"]
    with Supervisor(wanted) as supervisor:
        assert supervisor.start()
        yield supervisor


class Role:
    """One of our processes, that can be killed and started again."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-P", *command]
        self._env = env
        self._log = LogFile(log)
        self.process: Process | None = None

    def start(self) -> None:
        """Start it."""
        self.process = Process(self._command, environment=self._env, directory=ROOT, log=self._log)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it without a word, and see that it is dead."""
        assert self.process is not None
        assert self.process.returncode() is None, f"{self.name} had died by itself:\n{self.tail()}"
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL

    def stop(self) -> int | None:
        """End it as the supervisor does; return its exit code, None if it was not running."""
        if self.process is None:
            return None
        self.process.terminate()
        wait_until(lambda: self.process is None or self.process.returncode() is not None, 30)
        return self.process.returncode()

    def tail(self) -> str:
        """Return the end of its log."""
        return self._log.tail(40)


@contextmanager
def running(*roles: Role) -> Iterator[None]:
    """Run processes for a while; whatever is left of them is killed."""
    try:
        for role in roles:
            role.start()
        yield
    finally:
        for role in roles:
            if role.process is not None and role.process.returncode() is None:
                role.process.kill()
                role.process.wait()


def worker(settings: Settings, name: str, *roles: str, **extra: str) -> Role:
    """Return a worker with a data directory and a metrics port of its own."""
    env = environment(
        settings,
        AETHER_DATA_DIR=str(settings.data_dir / name),
        AETHER_PORTS__WORKER_METRICS=str(free_port()),
        **extra,
    )
    log = settings.data_dir / "logs" / f"{name}.log"
    return Role(name, ["-m", "cli.main", "worker", *roles], env, log)


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str = "") -> float:
    """Wait for a condition and return how long that took; fails with `what` after the time-out."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"not within {timeout_s:.0f} s: {what or condition}")
        time.sleep(0.05)
    return time.monotonic() - began


def everything(client: Client, topic: Topic) -> list[Record]:
    """Return every record of a topic, partition by partition, in order."""
    return [
        record
        for partition in range(client.log.partitions(topic.name))
        for batch in client.log.read(topic.name, partition, *client.log.span(topic.name, partition))
        for record in batch
    ]


def length(client: Client) -> int:
    """Return how many records the event topics hold."""
    return sum(
        client.log.span(topic.name, p).end
        for topic in EVENT_TOPICS
        for p in range(client.log.partitions(topic.name))
    )
