"""Many runs told again: partitions side by side, each in a process if they are large; none twice.

What came of a partition is written down under the hash of all that it follows from, so an
interrupted what-if goes on where it stopped.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli.history import deciders_of, told_of_runs, traveller, whole_record
from cli.meant import span_of
from cli.naming import KINDS, condition_of
from cli.output import Bar
from replay.diff import Side, Spent
from replay.figures import Report, Row, Told, put_together
from replay.grid import rule_of
from replay.histories import histories
from replay.outcomes import WholeRecord
from replay.past import Past
from replay.prices import Prices
from replay.processes import processes
from replay.rebuild import few_collections
from replay.travel import Moment, facts
from replay.whatif import Change, judged, whatif
from streams.errors import Misconfigured
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import Settings
from streams.plain import text_of
from streams.topics import GRID_KEY, SESSIONS

FOLDER = "whatif"
NOW = "now"
Ends = Mapping[int, int]

#: To start a process takes as long as to tell so many records again.
WORTH = 30_000

#: What a process that works on partitions has open, for all its partitions.
_OPEN: list[tuple[Client, WholeRecord]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked; `where` are conditions on fields of events, `since_ms` a Unix time.

    Raises Misconfigured for an event or a field that there is not.
    """

    kind: str
    changes: Mapping[str, Any]
    where: tuple[str, ...] = ()
    since_ms: int = 0
    runs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Misconfigured(
                f"no event is called {self.kind!r}", fix=f"one of {', '.join(KINDS)}"
            )
        for condition in self.where:
            condition_of(condition)

    def means(self, past: Past) -> bool:
        """Whether a run is meant."""
        if past.stream[0].recorded_at_ms < self.since_ms:
            return False
        if self.runs and past.run_id not in self.runs:
            return False
        return all(condition_of(condition).holds(past) for condition in self.where)


def tell_many(settings: Settings, query: Query, prices: Prices) -> Report:
    """Tell again every run that is meant."""
    with Client(settings) as client:
        count = client.log.partitions(SESSIONS.name)
        ends = {p: client.log.span(SESSIONS.name, p).end for p in range(count)}
        identity = client.log.identity(SESSIONS.name)
        _check_facts(client, query, ends[0])
        told = told_of_runs(client)
    home = settings.data_dir / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    records, rows = sum(ends.values()), list[Row | None]()
    with (
        processes(count, records, worth=WORTH) as pool,
        Bar("telling runs again", records) as bar,
    ):
        work = {
            pool.submit(_partition, settings, query, partition, ends, identity): end
            for partition, end in ends.items()
        }
        for done in as_completed(work):
            rows += (row and judged(row, told) for row in done.result())
            bar.advance(work[done])
    while _OPEN:  # nothing was sent elsewhere
        _OPEN.pop()[0].close()
    return put_together(rows, prices)


def _check_facts(client: Client, query: Query, end: int) -> None:
    """Raise Misconfigured if the query changes facts that there are none of."""
    rule = rule_of(settled(query.changes, end), deciders_of(SESSIONS.name))
    if rule is not None and rule.changes:
        told = facts(SESSIONS.name, Moment(0, end), client.log, client.wire)
        rule.check(envelope.event for envelope in told)


def place_of(home: Path, query: Query, partition: int, ends: Ends, identity: str) -> Path:
    """Return where the rows of a partition are written down: by all that they follow from."""
    deciders = [[decider.name, decider.version] for decider in deciders_of(SESSIONS.name)]
    asked = {**asdict(query), "runs": sorted(query.runs)}
    told = [asked, partition, [*ends.items()], identity, deciders, Row._fields]
    return home / f"{hashlib.sha256(text_of(told).encode()).hexdigest()[:24]}.json"


def _partition(
    settings: Settings, query: Query, partition: int, ends: Ends, identity: str
) -> list[Row | None]:
    path = place_of(settings.data_dir / FOLDER, query, partition, ends, identity)
    if path.exists():
        return [_loaded(told) for told in _read(path)]
    client, whole = _opened(settings, ends)
    with few_collections():
        rows = list(_rows(settings, client, whole, query, partition, ends[partition]))
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text_of(rows), encoding="utf-8")
    unfinished.replace(path)
    return rows


def _opened(settings: Settings, ends: Ends) -> tuple[Client, WholeRecord]:
    """Open the log once in a process, with what effects did in all partitions."""
    if not _OPEN:
        client = Client(settings)
        _OPEN.append((client, whole_record(settings, client, ends)))
    return _OPEN[0]


def _rows(
    settings: Settings, client: Client, whole: WholeRecord, query: Query, partition: int, end: int
) -> Iterator[Row | None]:
    deciders = deciders_of(SESSIONS.name)
    changes = settled(query.changes, end)
    start, last = span_of(client.log.runs, partition, end, query.runs, query.since_ms)
    if start >= last:
        return iter(())
    near = traveller(settings, client).nearest(deciders, Moment(partition, start))
    rule = rule_of(changes, deciders)
    pasts = histories(deciders, client.log, client.wire, partition, rule, last, near)
    change = Change(kind=KINDS[query.kind], fields=changes)
    return whatif(pasts, change, whole, where=query.means)


def settled(changes: Mapping[str, Any], end: int) -> Mapping[str, Any]:
    """Return changes in which `@grid=now` is the partition's end."""
    return {
        path: end if (path, value) == (GRID_KEY, NOW) else value for path, value in changes.items()
    }


def _read(path: Path) -> list[Any]:
    told: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _loaded(told: Any) -> Row | None:
    if told is None:
        return None
    row = Row(*told)
    return row._replace(
        run_id=RunId(row.run_id),
        recorded=_side(row.recorded),
        forked=_side(row.forked),
        told=Told(*row.told),
    )


def _side(told: Any) -> Side:
    side = Side(*told)
    return side._replace(spent=tuple(Spent(*call) for call in side.spent))
