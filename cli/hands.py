"""What `aether up` does when healing is asked for: it restarts or scales what it runs, and says so.

A thread listens and speaks; only the supervisor's own thread acts. Without a log nothing is asked
for, and the grid runs on.
"""

import queue
import threading
import time
from collections.abc import Sequence

from cli.staff import WORKERS_MAX, Staff
from streams.errors import AetherError
from streams.events.healing import Action, HealingDone, HealingRefused, HealingRequested
from streams.ids import EventId, derived
from streams.io.client import Client
from streams.io.settings import Settings
from streams.log import Record
from streams.topics import OBSERVATIONS

LISTEN_S, AGAIN_S = 0.5, 2.0
#: What was asked for longer ago is no longer done: whoever asked will ask again.
LATE_MS = 60_000

Asked = tuple[EventId, HealingRequested]
Answer = HealingDone | HealingRefused


class Hands:
    """Hears what is asked for and tells what came of it, for as long as it is entered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asked: queue.Queue[Asked] = queue.Queue()
        self._answers: queue.Queue[tuple[EventId, Answer]] = queue.Queue()
        self._over = threading.Event()
        self._position: int | None = None
        self._thread = threading.Thread(target=self._listen, name="hands", daemon=True)

    def __enter__(self) -> "Hands":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=LISTEN_S * 4)

    def act(self, staff: Staff) -> None:
        """Do what was asked for since the last call, without waiting."""
        while not self._asked.empty():
            event_id, asked = self._asked.get()
            self._answers.put((event_id, done(self._settings, staff, asked, _now_ms())))

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                self._follow()
            except AetherError:
                self._over.wait(AGAIN_S)

    def _follow(self) -> None:
        with Client(self._settings, [OBSERVATIONS]) as client:
            if self._position is None:
                self._position = client.log.span(OBSERVATIONS.name, 0).end
            follower = client.log.follow({(OBSERVATIONS.name, 0): self._position})
            try:
                while not self._over.is_set():
                    self._hear(client, follower.take(LISTEN_S))
                    self._position = follower.positions()[OBSERVATIONS.name, 0]
                    self._speak(client)
            finally:
                follower.close()

    def _hear(self, client: Client, records: Sequence[Record]) -> None:
        for envelope in client.wire.opened(records, (HealingRequested,)):
            self._asked.put((envelope.event_id, envelope.event))

    def _speak(self, client: Client) -> None:
        spoken = False
        while not self._answers.empty():
            cause, answer = self._answers.get()
            event_id = EventId(derived(cause, "hands"))
            client.send(OBSERVATIONS, answer.target, answer, event_id)
            spoken = True
        if spoken:
            client.flush()


def done(settings: Settings, staff: Staff, asked: HealingRequested, now_ms: int) -> Answer:
    """Do it if the workers are this grid's, and say what was done."""

    def refused(reason: str, detail: str) -> HealingRefused:
        return HealingRefused(
            action=asked.action, target=asked.target, at_ms=now_ms, reason=reason, detail=detail
        )

    if asked.target != settings.worker.group:
        return refused("not_here", f"the workers of {asked.target} are not run by this grid")
    if now_ms - asked.at_ms > LATE_MS:
        return refused("too_late", f"it was asked for {(now_ms - asked.at_ms) / 1000:.0f} s ago")
    if asked.action is Action.RESTART:
        pid = staff.restart()
        if pid is None:
            return refused("not_running", "the worker is being started or held just now")
        detail = f"process {pid} was ended; another one is started"
    elif asked.action is Action.SCALE and asked.workers is not None:
        if asked.workers > WORKERS_MAX:
            detail = f"{asked.workers} workers would find nothing to do, {WORKERS_MAX} may"
            return refused("too_many", detail)
        detail = staff.scale(asked.workers)
    else:
        return refused("unknown", f"this grid does not know how to {asked.action.value} workers")
    return HealingDone(action=asked.action, target=asked.target, at_ms=now_ms, detail=detail)


def _now_ms() -> int:
    return int(time.time() * 1000)
