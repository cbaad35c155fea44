"""The index of runs made anew from the log, and compared with what it held."""

import hashlib
from contextlib import suppress
from pathlib import Path

from cli.comparison import Runs
from cli.output import Bar
from streams.errors import IndexAway
from streams.io.client import Client
from streams.io.run_index.index import APART, RunIndex, file_of
from streams.io.run_index.indexer import Indexer
from streams.io.settings import Settings
from streams.plain import text_of
from streams.topics import SESSIONS


def runs_anew(settings: Settings, client: Client) -> Runs:
    """Empty the index and fill it up to where the log ends now. Raises IndexAway."""
    log, index = client.log, client.log.runs
    ends = {p: log.span(SESSIONS.name, p).end for p in range(log.partitions(SESSIONS.name))}
    before = None
    with suppress(IndexAway):  # damaged, or never made: it is not known
        before = _hash(index, ends)[0] if index.positions() == ends else None
    _empty(index, file_of(settings) if settings.runs.url is None else None)
    with Bar("finding every run", sum(ends.values())) as bar:
        indexer = Indexer(log, client.wire, index, SESSIONS.name)
        bar.advance(indexer.catch_up(ends))
    return Runs(before, *_hash(index, ends))


def _empty(index: RunIndex, file: Path | None) -> None:
    """Forget everything; a file that cannot even do that is deleted."""
    try:
        index.begin({})
        index.forget()
    except IndexAway:
        if file is None:
            raise
        index.close()
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()


def _hash(index: RunIndex, partitions: dict[int, int]) -> tuple[str, int]:
    """Return the hash of all rows, and how many are of a run."""
    digest, count = hashlib.sha256(), 0
    for partition in partitions:
        for stretch in index.rows(partition):
            digest.update(text_of(stretch).encode())
            count += not stretch.run.startswith(APART)
    return digest.hexdigest(), count
