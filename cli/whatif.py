"""`aether whatif`: one change applied to many recorded runs; nobody is called."""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cli.fork import KINDS, parsed
from cli.history import deciders_of, told_of_runs, whole_record
from cli.output import Bar, emit_one, formatted, say
from replay.diff import Side
from replay.fork import Forker
from replay.histories import histories
from replay.offpolicy import Estimate
from replay.page import page
from replay.past import Past
from replay.whatif import Change, Report, Row, Told, whatif
from replay.where import Condition
from streams.errors import Misconfigured
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.topics import SESSIONS

FOLDER = "whatif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked; `where` are conditions on fields of events, `since_ms` a Unix time."""

    kind: str
    fields: dict[str, Any]
    where: tuple[str, ...]
    since_ms: int
    runs: tuple[str, ...]

    def means(self, past: Past) -> bool:
        """Whether a run is meant."""
        if past.stream[0].recorded_at_ms < self.since_ms or (
            self.runs and past.run_id not in self.runs
        ):
            return False
        return all(condition_of(told).holds(past) for told in self.where)


@click.command("whatif")
@click.option("--at", "kind", default="RequestReceived", help="The kind of event to change.")
@click.option("--set", "changes", multiple=True, required=True, metavar="PATH=VALUE")
@click.option("--since", help="Only runs from this time on (ISO 8601).")
@click.option("--where", multiple=True, metavar="KIND.PATH=VALUE", help="Only such runs.")
@click.option("--runs", type=click.File(), help="Only the runs whose ids stand in this file.")
@click.option("--page", "html", type=click.Path(path_type=Path), help="Write the report as HTML.")
@formatted
def whatif_(
    kind: str,
    changes: tuple[str, ...],
    since: str | None,
    where: tuple[str, ...],
    runs: Any,
    html: Path | None,
    output: str,
) -> None:
    """Ask what a change would have done to every recorded run that is meant.

    Effects are answered from the record; a run that it cannot answer is counted. What was done
    before an interruption is not done again.
    """
    if kind not in KINDS:
        raise Misconfigured(f"no event is called {kind!r}", fix=f"one of {', '.join(KINDS)}")
    query = Query(
        kind=kind,
        fields=dict(map(parsed, changes)),
        where=where,
        since_ms=int(datetime.fromisoformat(since).timestamp() * 1000) if since else 0,
        runs=tuple(runs.read().split()) if runs else (),
    )
    report = run(read_settings(), query)
    title = f"What if {kind} had {', '.join(changes)}?"
    if html is not None:
        html.write_text(page(title, report), encoding="utf-8")
        say(f"the report is in {html}")
    emit_one(output, as_row(report), as_text(title, report))


def run(settings: Settings, query: Query) -> Report:
    """Work on all partitions side by side, each in a process, and put the rows together."""
    with Client(settings) as client:
        ends = {
            p: client.log.span(SESSIONS.name, p).end
            for p in range(client.log.partitions(SESSIONS.name))
        }
    report = Report()
    spawned = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(min(len(ends), os.cpu_count() or 1), mp_context=spawned) as pool,
        Bar("telling runs again", sum(ends.values())) as bar,
    ):
        work = {pool.submit(_partition, query, p, end): end for p, end in ends.items()}
        for done in as_completed(work):
            for row in done.result():
                report.passed_over += row is None
                report.rows += [row] if row is not None else []
            bar.advance(work[done])
    report.rows.sort(key=lambda row: row.run_id)
    return report


def _partition(query: Query, partition: int, end: int) -> list[Row | None]:
    """Return what is known of a partition up to an offset; worked out once and written down."""
    settings = read_settings()
    name = hashlib.sha256(json.dumps([asdict(query), partition, end]).encode()).hexdigest()[:24]
    path = settings.data_dir / FOLDER / f"{name}.json"
    if path.exists():
        return [_loaded(told) for told in json.loads(path.read_text())]
    with Client(settings) as client:
        rows = list(_rows(client, query, partition))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(rows))
    unfinished.replace(path)
    return rows


def _rows(client: Client, query: Query, partition: int) -> Iterator[Row | None]:
    deciders = deciders_of(SESSIONS.name)
    change = Change(kind=KINDS[query.kind], fields=query.fields)
    forker = Forker(whole_record(client))
    pasts = histories(deciders, client.log, client.wire, partition)
    return whatif(pasts, change, forker, told_of_runs(client), query.means)


def _loaded(told: Any) -> Row | None:
    if told is None:
        return None
    row = Row(*told)
    return row._replace(
        run_id=RunId(row.run_id),
        recorded=Side(*row.recorded),
        forked=Side(*row.forked),
        told=Told(*row.told),
    )


def condition_of(told: str) -> Condition:
    """Read `RequestRouted.capability=answer`."""
    name, value = parsed(told)
    kind, _, path = name.partition(".")
    return Condition(kind, path, value)


def as_row(report: Report) -> dict[str, Any]:
    """Return a report as data."""
    estimates = report.estimates
    return {
        "runs": len(report.rows),
        "passed_over": report.passed_over,
        "covered": len(report.covered),
        "rerouted": sum(row.rerouted for row in report.rows),
        "differs": sum(row.differs for row in report.covered),
        "moves": [[a, b, count] for (a, b), count in report.moves.most_common()],
        "wins": report.wins,
        "losses": report.losses,
        "tokens_before": report.tokens("recorded"),
        "tokens_after": report.tokens("forked"),
        "estimates": estimates
        and {
            name: value._asdict() if isinstance(value, Estimate) else value
            for name, value in estimates._asdict().items()
        },
        "changed": [
            {"run": row.run_id, "before": row.before, "after": row.after, "covered": row.covered}
            for row in report.rows
            if row.rerouted or row.differs
        ],
    }


def as_text(title: str, report: Report) -> str:
    """Return a report for a person."""
    row = as_row(report)
    lines = [
        title,
        "",
        f"{row['runs']:>7} runs, {row['passed_over']} more without such an event",
        f"{row['covered']:>7} of them the record could answer",
        f"{row['rerouted']:>7} are answered by another",
        f"{row['differs']:>7} of the covered come to something else",
        f"{row['wins']:>7} wins, {row['losses']} losses by what people said",
        f"{row['tokens_after'] - row['tokens_before']:>+7} tokens, where covered",
    ]
    lines += [f"{count:>7} {a or 'nobody'} → {b or 'nobody'}" for a, b, count in row["moves"][:10]]
    if report.estimates is not None:
        one = report.estimates.snips
        lines.append(
            f"reward {report.estimates.logged.value:.3f} as logged, {one.value:.3f} under the"
            f" change (SNIPS, {one.low:.3f} to {one.high:.3f})"
        )
    return "\n".join(lines)
