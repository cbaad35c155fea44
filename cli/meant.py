"""Where the runs lie that a question about many means: the index of runs knows, or everywhere."""

from collections.abc import Collection

from streams.errors import IndexAway
from streams.ids import RunId
from streams.io.run_index.index import RunIndex
from streams.log import Span


def span_of(
    index: RunIndex, partition: int, end: int, runs: Collection[str], since_ms: int
) -> Span:
    """Return what of a partition, up to an end, holds all runs of these names that began since."""
    try:
        known = index.positions().get(partition, 0)
        if runs:
            return _of_runs(index, partition, end, runs)
        if since_ms:
            first = index.first_since(partition, since_ms)
            return Span(min(end, known if first is None else first), end)
    except IndexAway:
        pass
    return Span(0, end)


def _of_runs(index: RunIndex, partition: int, end: int, runs: Collection[str]) -> Span:
    rows = [row for run in runs for row in index.find(RunId(run))]
    if {row.run for row in rows} != set(runs):
        return Span(0, end)
    here = [row for row in rows if row.partition == partition]
    if not here:
        return Span(end, end)
    last = max(end if row.ended is None else row.last for row in here)
    return Span(min(row.first for row in here), min(end, last + 1))
