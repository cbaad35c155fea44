"""Clients that ask through the real gateway, and the account of every request in the log.

Acknowledged is a request that the gateway answered, and one whose `RequestReceived` is in the log.
"""

import json
import threading
from collections import Counter
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple, Self

from engines.ports import LOOPBACK
from streams.envelope import CAUSE, CORRELATION, ID
from streams.events.sessions import RequestReceived, ResponseCompleted, RunFailed
from streams.io.client import Client
from streams.topics import SESSIONS
from tests.integration.grid.harness import everything

CLIENTS = 6
TIMEOUT_S = 60.0
#: A client that was refused waits a moment.
PAUSE_S = 0.1
ENDS = (ResponseCompleted, RunFailed)


def ask(port: int, session: str) -> tuple[int, str]:
    """Ask once; return the status and the run. Raises OSError and HTTPException."""
    question = {"role": "user", "content": "How long does a worker keep what it has read?"}
    body = json.dumps({"model": "answer", "messages": [question]})
    headers = {"content-type": "application/json", "x-aether-session": session}
    connection = HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("x-request-id", "")
    finally:
        connection.close()


class Asking:
    """Some clients, each in a session of its own, that ask again and again while a block lasts."""

    def __init__(self, port: int, name: str) -> None:
        self.answered: set[str] = set()
        self.turned_away: Counter[str] = Counter()
        self._port = port
        self._halt = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask_on, args=(f"{name}-{n}",), daemon=True)
            for n in range(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self, session: str) -> None:
        while not self._halt.is_set():
            try:
                status, run = ask(self._port, session)
            except (OSError, HTTPException) as error:
                status, run = 0, type(error).__name__
            if status == 200:
                self.answered.add(run)
            else:
                self.turned_away[run if status == 0 else str(status)] += 1
                self._halt.wait(PAUSE_S)


class Account(NamedTuple):
    """What the log says, by run: how many different requests and ends each has, and as what."""

    received: dict[str, set[bytes]]
    ended: dict[str, set[bytes]]
    kinds: Counter[type]
    repeated: int

    @property
    def faults(self) -> list[str]:
        """Say which runs did not begin once and end once."""
        runs = {*self.received, *self.ended}
        counts = {r: (len(self.received.get(r, ())), len(self.ended.get(r, ()))) for r in runs}
        return [
            f"{run}: {count} (begun, ended)" for run, count in counts.items() if count != (1, 1)
        ]


def account(client: Client) -> Account:
    """Read the whole log of sessions; records of one id must be the same decision."""
    received: dict[str, set[bytes]] = {}
    ended: dict[str, set[bytes]] = {}
    contents: dict[bytes, bytes | None] = {}
    kinds: Counter[type] = Counter()
    repeated = 0
    for record in everything(client, SESSIONS):
        kind, head = client.wire.codec.kind_of(record.value), dict(record.headers)
        if kind is None or ID not in head:
            continue
        if head[ID] in contents:
            repeated += 1
            assert CAUSE not in head or contents[head[ID]] == record.value, "two contents, one id"
            continue
        contents[head[ID]] = record.value
        kinds[kind] += 1
        if kind is RequestReceived or kind in ENDS:
            run = head[CORRELATION].decode()
            (ended if kind in ENDS else received).setdefault(run, set()).add(head[ID])
    return Account(received, ended, kinds, repeated)
