"""Questions in SQL about everything that happened: DuckDB over the archive and the live log.

A question sees one view, `events`: sealed segments where they lie, each of them proven, and the
live log as it was just written down. It is given their rows and may open no file, theirs included:
whatever DuckDB takes for a question, there is nothing that it could change.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from replay.archive.seal import Limits
from replay.sealed import SealedFiles
from streams.errors import LogTruncated, Misconfigured
from streams.io.archive.chains import Chains, Place
from streams.io.archive.log import ArchivedLog
from streams.io.archive.segment import DECODED, RAW, Row, Segment, decoded, packed
from streams.io.parquet import Part, Type, scanned
from streams.io.wire import Wire
from streams.log import EventLog

VIEW = "events"
COLUMNS = {"topic": Type.TEXT, "partition": Type.INT, **RAW, **DECODED}

#: How DuckDB refuses: also to read what Python knows of it, and to tell Python of a value.
REFUSED = (duckdb.Error, ValueError, TypeError, OverflowError)

#: Hears how many records were gathered since the last call.
Progress = Callable[[int], None]


class Answer(NamedTuple):
    """What a question comes to; `more` says that there are rows beyond the limit."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    more: bool


#: The files that hold each partition's records.
Files = Mapping[Place, Sequence[Path]]


class Gatherer:
    """Finds the files that a question may see; what is not sealed it writes into a folder.

    `lost` counts, by topic, the records before a history that begins late.
    """

    def __init__(
        self,
        log: ArchivedLog,
        wire: Wire,
        sealed: SealedFiles,
        folder: Path,
        progress: Progress = lambda _: None,
    ) -> None:
        self.files: dict[Place, list[Path]] = {}
        self.lost: Counter[str] = Counter()
        self._log = log
        self._wire = wire
        self._sealed = sealed
        self._folder = folder
        self._progress = progress
        self._written = 0

    def gather(self, topic: str, chains: Chains, *, archive: bool, live: bool) -> None:
        """Take in a topic's sealed segments, its live log, or both without the overlap.

        Raises LogTruncated for records that should be sealed and are not, StoreAway, and
        Undecodable for a segment that is not what its address says.
        """
        identity = self._log.identity(topic)
        for partition in range(self._log.partitions(topic)):
            place = Place(topic, identity, partition)
            span = self._log.live.span(topic, partition)
            if archive:
                start = self._in_place(place, chains)
                self._copied(self._log, place, start, span.end if live else span.first)
            else:
                self._copied(self._log.live, place, *span)

    def _in_place(self, place: Place, chains: Chains) -> int:
        """Take in the sealed segments, and return where the log goes on."""
        segments = chains.of(place).segments
        for segment in segments:
            self.files.setdefault(place, []).append(self._sealed.path(segment.address))
            self._progress(segment.records)
        if segments:
            self.lost[place.topic] += segments[0].first
            return segments[-1].end
        first = self._log.span(place.topic, place.partition).first
        if first and any(chain.head for _, chain in chains):
            raise LogTruncated(
                f"{place.topic}/{place.partition} begins at {first}, and nothing of it is sealed",
                fix="see `aether archive verify`; or ask for what the log still holds: `--live`",
            )
        self.lost[place.topic] += first
        return first

    def _copied(self, log: EventLog, place: Place, start: int, end: int) -> None:
        rows: list[Row] = []
        size, limits = 0, Limits()
        for records in log.read(place.topic, place.partition, start, end):
            for record in records:
                rows.append(decoded(record, self._wire))
                size += rows[-1].size
                if len(rows) == limits.records or size >= limits.bytes:
                    self._keep(place, packed(Segment(*place, start, end, None), rows))
                    rows, size = [], 0
            self._progress(len(records))
        if rows:
            self._keep(place, packed(Segment(*place, start, end, None), rows))

    def _keep(self, place: Place, content: bytes) -> None:
        self._written += 1
        path = self._folder / f"{self._written}.parquet"
        path.write_bytes(content)
        self.files.setdefault(place, []).append(path)


class Questions:
    """A database of one view over some files, and a folder for what does not fit into memory.

    Whoever opens it closes it.
    """

    def __init__(self, folder: Path, files: Files) -> None:
        self._connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
                "temp_directory": str(folder / "spill"),
            }
        )
        parts = [
            Part(path, {"topic": place.topic, "partition": place.partition})
            for place, paths in files.items()
            for path in paths
        ]
        self._connection.register(VIEW, scanned(COLUMNS, parts))
        for setting, value in (("enable_external_access", "false"), ("lock_configuration", "true")):
            self._connection.execute(f"set {setting} = {value}")

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def ask(self, question: str, limit: int | None) -> Answer:
        """Answer one SELECT. Raises Misconfigured for anything else, with what DuckDB says."""
        try:
            statements = self._connection.extract_statements(question)
            if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
                raise Misconfigured(
                    "this is not one question", fix="ask one `select`; the log cannot be changed"
                )
            asked = self._connection.execute(statements[0])
            columns = [column[0] for column in asked.description or ()]
            rows = asked.fetchall() if limit is None else asked.fetchmany(limit + 1)
        except REFUSED as exc:
            raise Misconfigured(
                f"DuckDB cannot answer: {exc}", fix=f"`aether sql 'describe {VIEW}'` lists columns"
            ) from exc
        more = limit is not None and len(rows) > limit
        return Answer(columns, rows[:limit], more)
