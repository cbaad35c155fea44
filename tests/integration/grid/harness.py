"""A grid for tests: real engines on free ports, our own processes started and killed by hand."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cli.apart import environment, settings_in
from cli.grid import engines
from engines.install import Installed
from engines.kafka import KafkaFiles, kafka
from engines.logfile import LogFile
from engines.ports import free_port
from engines.process import Process
from engines.service import Service
from engines.supervisor import Supervisor
from engines.ward import Restarts
from streams.errors import Transient
from streams.io.client import Client
from streams.io.kafka.groups import Groups
from streams.io.sections import IN_PROCESS
from streams.io.settings import ROOT, Settings
from streams.log import Record
from streams.topics import Topic
from tests.integration.grid.relay import Relay

#: A short session, so that the tests need not wait for the broker to give a member up.
SESSION_S, HEARTBEAT_S = 2.0, 0.4
#: Engines that are killed on purpose come back at once and as often as it takes.
RESTARTS = Restarts(first_s=0.1, longest_s=0.1, deaths_max=1_000)

__all__ = ["settings_in"]


class Grid:
    """The engines of a test, and our processes on them; Kafka is reached through a relay."""

    def __init__(self, settings: Settings, installed: Installed, *, models: bool) -> None:
        self.settings = settings
        self.relay = Relay(free_port())
        self._installed = installed
        self._models = models
        at = settings.ports.model_copy(update={"kafka": self.relay.port})
        self.settings = settings.model_copy(update={"ports": at})
        wanted = [each for each in engines(self.settings, installed) if self._wants(each)]
        self.supervisor = Supervisor(
            [self._relayed(each) if each.name == "kafka" else each for each in wanted],
            restarts=RESTARTS,
        )

    def _wants(self, engine: Service) -> bool:
        return self._models or engine.name != "triton"

    def _relayed(self, _: Service) -> Service:
        """Return a Kafka on a port that nobody is told, behind the relay."""
        home = self.settings.data_dir
        files = KafkaFiles(
            jars=self._installed.kafka,
            directory=home / "kafka",
            log=home / "logs" / "kafka.log",
        )
        return kafka(
            files,
            port=self.relay.target,
            advertised_port=self.relay.port,
            controller_port=self.settings.ports.kafka_controller,
            environment=os.environ,
        )

    def role(self, name: str, *command: str, **extra: str) -> "Role":
        """Return a process of ours with a data directory and a metrics port of its own."""
        given = {
            "AETHER_DATA_DIR": str(self.settings.data_dir / name),
            "AETHER_PORTS__WORKER_METRICS": str(free_port()),
            **extra,
        }
        log = self.settings.data_dir / "logs" / f"{name}.log"
        return Role(name, command, {**self._environment(), **given}, log)

    def _environment(self) -> dict[str, str]:
        given = {
            "AETHER_WORKER__SESSION_S": str(SESSION_S),
            "AETHER_WORKER__HEARTBEAT_S": str(HEARTBEAT_S),
        }
        if self._models and self._installed.no_triton is not None:
            given["AETHER_TRITON__ADDRESS"] = IN_PROCESS
            given["AETHER_TRITON__PACKAGES"] = str(self._installed.models.packages)
        return environment(self.settings, **given)

    def kill_broker(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the broker, see that it is dead, and wait until its successor serves clients."""
        pid = self.supervisor.pid("kafka")
        assert pid is not None, "the broker had died by itself"
        os.kill(pid, number)
        self.wait_until(lambda: self.supervisor.pid("kafka") not in (pid, None), 60, "a new broker")
        self.wait_until(lambda: self.supervisor.is_ready, 60, "the new broker to be ready")
        assert not Path(f"/proc/{pid}").exists(), "the old broker still runs"

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> float:
        """Wait for a condition, minding the engines, and return how long that took."""
        return wait_until(condition, timeout_s, what, self.supervisor.tick)

    def considered(self, client: Client, group: str, *topics: Topic) -> None:
        """Wait until a group has acknowledged everything there is, what it wrote included."""
        groups = Groups(self.settings.bootstrap, {})

        def lag() -> int:
            found = 0
            for topic in topics:
                committed = groups.committed(group, topic.name, topic.partitions)
                ends = [client.log.span(topic.name, p).end for p in range(topic.partitions)]
                found += sum(end - committed.get(p, 0) for p, end in enumerate(ends))
            return found

        self.wait_until(lambda: _patiently(lag) == 0, 90, f"everything considered by {group}")


@contextmanager
def engines_running(settings: Settings, installed: Installed) -> Iterator[Supervisor]:
    """Run Kafka and the registry, topics and schemas prepared."""
    wanted = [each for each in engines(settings, installed) if each.name != "triton"]
    with Supervisor(wanted) as supervisor:
        assert supervisor.start()
        yield supervisor


@contextmanager
def grid_running(folder: Path, installed: Installed, *, models: bool) -> Iterator[Grid]:
    """Run the engines behind a relay, topics and schemas prepared."""
    grid = Grid(settings_in(folder), installed, models=models)
    with ExitStack() as running:
        grid.relay.start()
        running.callback(grid.relay.stop)
        running.enter_context(grid.supervisor)
        assert grid.supervisor.start()
        yield grid


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

    @property
    def pid(self) -> int:
        """Its process id; fails if it has ended by itself."""
        assert self.process is not None
        assert self.process.returncode() is None, f"{self.name} had died by itself:\n{self.tail()}"
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without a word, and see that it is dead."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        assert self.process.wait() == -signal.SIGKILL

    def stop(self) -> None:
        """Ask it to end, and see that it ends well."""
        self.signal(signal.SIGTERM)
        self.ended_well()

    def ended_well(self) -> None:
        """Wait for the end that it was asked for."""
        wait_until(lambda: self._returncode() is not None, 30, f"{self.name} to end")
        assert self._returncode() == 0, self.tail()

    def end(self) -> None:
        """Kill it if it is there."""
        if self.process is not None and self.process.returncode() is None:
            self.process.kill()
            self.process.wait()

    def tail(self) -> str:
        """Return the end of its log."""
        return self._log.tail(40)

    def _returncode(self) -> int | None:
        return self.process.returncode() if self.process is not None else None


@contextmanager
def running(*roles: Role) -> Iterator[None]:
    """Run processes for a while; whatever is left of them is killed."""
    try:
        for role in roles:
            role.start()
        yield
    finally:
        for role in roles:
            role.end()


def _nothing() -> None:
    """Mind nothing."""


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float,
    what: str,
    mind: Callable[[], None] = _nothing,
) -> float:
    """Wait for a condition and return how long that took; `mind` is called all the while."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"not within {timeout_s:.0f} s: {what}")
        mind()
        time.sleep(0.05)
    return time.monotonic() - began


def everything(client: Client, topic: Topic) -> list[Record]:
    """Return every record of a topic, partition by partition, in order."""
    return [
        record
        for partition in range(topic.partitions)
        for batch in client.log.read(topic.name, partition, *client.log.span(topic.name, partition))
        for record in batch
    ]


def ends_of(client: Client, topic: Topic) -> list[int]:
    """Return where the partitions of a topic end."""
    return [client.log.span(topic.name, p).end for p in range(topic.partitions)]


class Watch:
    """Sees what is appended to a topic from now on, whatever happens to the broker meanwhile."""

    def __init__(self, client: Client, topic: Topic) -> None:
        self.records: list[Record] = []
        self._log = client.log
        self._places = {(topic.name, p): end for p, end in enumerate(ends_of(client, topic))}
        self._follower = self._log.follow(self._places)

    def look(self) -> list[Record]:
        """Take what has arrived since, and return it."""
        try:
            taken = self._follower.take(0.1)
        except Transient:
            self._places = self._follower.positions()
            self._follower.close()
            self._follower = self._log.follow(self._places)
            return []
        self.records += taken
        return taken

    def close(self) -> None:
        """Look no more."""
        self._follower.close()


def _patiently(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Transient:
        return None
