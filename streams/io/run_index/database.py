"""The databases a read model lies in: SQLite in a file of one's own, or PostgreSQL by its URL.

Both speak the SQL that is written once, with values named as `:name`; whatever goes wrong in either
is IndexAway.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from streams.errors import IndexAway

if TYPE_CHECKING:
    import psycopg  # slow to import, and few need it

Values = Mapping[str, Any]

#: How long to wait for whoever writes, or for a server.
WAIT_S = 10

_NAMED = re.compile(r":(\w+)")


class Change(NamedTuple):
    """A statement, done once for each of some values."""

    sql: str
    values: Sequence[Values] = ({},)


class Database(Protocol):
    """A place for tables; any thread may use it. Everything raises IndexAway."""

    def rows(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """Return what a query finds."""

    def change(self, changes: Iterable[Change]) -> None:
        """Make changes, all of them or none."""

    def close(self) -> None:
        """Let go of the connection; a second call does nothing, and use opens it again."""


class SqliteDatabase:
    """A file, written by one process while others read; it is made at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def rows(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with self._lock:
            try:
                if not self._path.exists():
                    raise FileNotFoundError("it is not made yet")
                return self._connection().execute(sql, values).fetchall()
            except (sqlite3.Error, OSError) as exc:
                raise self._away(exc) from exc

    def change(self, changes: Iterable[Change]) -> None:
        """Make changes, all of them or none."""
        with self._lock:
            try:
                with self._connection() as connection:
                    connection.execute("begin")
                    for sql, values in changes:
                        connection.executemany(sql, values)
            except (sqlite3.Error, OSError) as exc:
                raise self._away(exc) from exc

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            made = sqlite3.connect(
                self._path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            made.execute("pragma journal_mode = wal")  # readers do not wait for the writer
            made.execute("pragma synchronous = normal")
            self._open = made
        return self._open

    def _away(self, exc: Exception) -> IndexAway:
        return IndexAway(
            f"{self._path} cannot be used: {exc}",
            fix="see who uses or damaged it; `aether rebuild` makes it anew",
        )


class PostgresDatabase:
    """A server's database, in which the tables are ours; a lost connection is opened again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._open: psycopg.Connection | None = None

    def rows(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        found: list[tuple[Any, ...]] = self._used(
            lambda cursor: cursor.execute(_percented(sql), values).fetchall()
        )
        return found

    def change(self, changes: Iterable[Change]) -> None:
        """Make changes, all of them or none."""

        def make(cursor: Any) -> None:
            for sql, values in changes:
                cursor.executemany(_percented(sql), values)

        self._used(make)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _used(self, work: Any) -> Any:
        import psycopg

        with self._lock:
            try:
                if self._open is None:
                    self._open = psycopg.connect(
                        self._url,
                        connect_timeout=WAIT_S,
                        prepare_threshold=None,  # what pools between us and the server ask for
                    )
                with self._open.transaction(), self._open.cursor() as cursor:
                    return work(cursor)
            except psycopg.Error as exc:
                self._drop()
                said = str(exc).strip().partition("\n")[0]
                raise IndexAway(
                    f"PostgreSQL cannot be used: {said}", fix="see whether it runs, and runs.url"
                ) from exc

    def _drop(self) -> None:
        import psycopg

        if self._open is not None:
            with suppress(psycopg.Error):
                self._open.close()
            self._open = None


@cache
def _percented(sql: str) -> bytes:
    """Return a statement with its values named as PostgreSQL's client wants them."""
    return _NAMED.sub(r"%(\1)s", sql).encode()
