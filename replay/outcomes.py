"""What effects did in a whole log, in one file that every process of a replay reads.

It is made once, by whoever first misses something in a run's own record: most what-ifs never do. It
is a cache, named by all it follows from; another one takes its place.
"""

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from replay.recorded import Answers, Outcome, Outside
from replay.unrepeated import opened
from streams.envelope import Envelope, author_of
from streams.io.wire import Wire
from streams.log import EventLog
from streams.plain import text_of
from streams.topics import SESSIONS

TABLE = "create table outcomes (asked blob, run text, milliseconds integer, value blob)"
ADD = "insert into outcomes values (?, ?, ?, ?)"
INDEX = "create index asked on outcomes (asked)"
#: The run's own counts, else the first in the log, in whose order rows are added.
LOOK = """select value, milliseconds from outcomes where asked = ?
          order by run <> ?, rowid limit 1"""


class WholeRecord:
    """The outcomes of every session up to some ends; `folder` holds the file, and only ours."""

    def __init__(
        self,
        effects: Iterable[Outside],
        log: EventLog,
        wire: Wire,
        ends: Mapping[int, int],
        folder: Path,
    ) -> None:
        self.effects = tuple(effects)
        self._log = log
        self._wire = wire
        self._ends = ends
        self._folder = folder
        self._file: sqlite3.Connection | None = None

    def find(self, effect: Outside, request: Envelope[Any]) -> Outcome | None:
        """Return what came of the same request, as that of this one; None if nothing is known."""
        if self._file is None:
            self._file = sqlite3.connect(f"file:{self._made()}?mode=ro&immutable=1", uri=True)
        row = self._file.execute(LOOK, (effect.digest(request.event), request.run_id)).fetchone()
        if row is None:
            return None
        return Outcome(self._wire.codec.decode(row[0]), row[1]).answering(request.event)

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _made(self) -> Path:
        """Return the file, made if it is missing; another process that makes it is waited for."""
        effects = [[each.name, each.depends_on] for each in self.effects]
        told = text_of([self._log.identity(SESSIONS.name), [*self._ends.items()], effects])
        path = self._folder / f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.sqlite"
        with _alone(self._folder):
            if not path.exists():
                for old in self._folder.glob("*.sqlite*"):
                    old.unlink()
                unfinished = path.with_suffix(".sqlite.new")
                self._write(unfinished)
                unfinished.replace(path)
        return path

    def _write(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            file.execute("pragma synchronous = off")  # what a crash leaves has no name
            file.execute(TABLE)
            file.executemany(ADD, self._rows())
            file.execute(INDEX)
            file.commit()

    def _rows(self) -> Iterator[tuple[bytes, str, int, bytes]]:
        kinds = frozenset(kind for each in self.effects for kind in (*each.reads, *each.writes))
        answers, encode = Answers(self.effects), self._wire.codec.encode
        for partition, end in self._ends.items():
            for _, found in opened(self._log, self._wire, SESSIONS.name, partition, kinds, end):
                for envelope, _ in found:
                    answer = answers.read(envelope, author_of(envelope.head))
                    if answer is not None and not answer.outcome.of_its_run_alone:
                        effect, request, outcome = answer
                        asked, value = effect.digest(request.event), encode(outcome.event)
                        yield asked, request.run_id, outcome.milliseconds, value


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time in; the system lets the next one in if this one dies."""
    folder.mkdir(parents=True, exist_ok=True)
    door = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
    finally:
        os.close(door)
