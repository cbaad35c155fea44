"""The example agents of all languages at work on a grid, each a process that speaks JSON lines."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.conformance.clients import Client
from tests.integration.grid.front import Front

LATE_S = 240.0


class Agent:
    """One agent's process."""

    def __init__(self, client: Client, front: Front, *arguments: str) -> None:
        settings = front.settings
        self._name = f"{client.language} {arguments[0]}"
        self._process = client.start(settings.bootstrap, settings.registry_url, *arguments)
        self._said: queue.Queue[str] = queue.Queue()
        self._errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._heed, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def said(self) -> Any:
        """Return the next line it says."""
        try:
            line = self._said.get(timeout=LATE_S)
        except queue.Empty:
            raise AssertionError(f"{self._name} says nothing: {self.errors}") from None
        assert line, f"{self._name} ended: {self.errors}"
        return json.loads(line)

    @property
    def errors(self) -> str:
        """What it wrote to its other stream."""
        return "".join(self._errors)[-4_000:]

    def ended_well(self) -> None:
        """Close its input, and see that it ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(LATE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self._name} does not end: {self.errors}") from None
        assert code == 0, f"{self._name}: {self.errors}"

    def end(self) -> None:
        """Kill it if it is there, and close what it was heard by."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line)
        self._said.put("")

    def _heed(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)


@contextmanager
def at_work(client: Client, front: Front, *arguments: str) -> Iterator[Agent]:
    """Run an agent while a block lasts."""
    agent = Agent(client.ready(), front, *arguments)
    try:
        yield agent
    finally:
        agent.end()


def told(client: Client, front: Front, *arguments: str) -> Any:
    """Run an agent to its end, and return the one thing it says."""
    with at_work(client, front, *arguments) as agent:
        said = agent.said()
        agent.ended_well()
        return said
