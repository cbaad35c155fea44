"""`aether whatif`: one change applied to many recorded runs; nobody is called."""

from pathlib import Path
from typing import Any

import click

from cli.naming import parsed, time_of
from cli.output import emit_one, formatted, say
from cli.pricing import priced, prices_of, without_price
from cli.retelling import Query, tell_many
from replay.bounds import Bounds
from replay.earnings import Earnings, earnings, sentence
from replay.figures import Report
from replay.offpolicy import Estimate
from replay.page import page
from streams.io.settings import read_settings


@click.command("whatif")
@click.option("--at", "kind", default="RequestReceived", help="The kind of event to change.")
@click.option("--set", "changes", multiple=True, required=True, metavar="PATH=VALUE")
@click.option("--since", help="Only runs from this time on (ISO 8601).")
@click.option("--where", multiple=True, metavar="KIND.PATH=VALUE", help="Only such runs.")
@click.option("--runs", type=click.File(), help="Only the runs whose ids stand in this file.")
@priced
@click.option("--page", "html", type=click.Path(path_type=Path), help="Write the report as HTML.")
@formatted
def whatif_(
    kind: str,
    changes: tuple[str, ...],
    since: str | None,
    where: tuple[str, ...],
    runs: Any,
    prices: tuple[str, ...],
    html: Path | None,
    output: str,
) -> None:
    """Ask what a change would have done to every recorded run that is meant.

    Effects are answered from the record; a run that it cannot answer is counted. `--set
    @grid.KIND.PATH=VALUE` changes facts in force, `--set @grid=now` puts those of now in force.
    What was done before an interruption is not done again.
    """
    query = Query(
        kind=kind,
        changes=dict(map(parsed, changes)),
        where=where,
        since_ms=time_of(since) if since else 0,
        runs=frozenset(runs.read().split()) if runs else frozenset(),
    )
    report = tell_many(read_settings(), query, prices_of(prices))
    title = f"What if {kind} had {', '.join(changes)}?"
    if html is not None:
        html.write_text(page(title, report), encoding="utf-8")
        say(f"the report is in {html}")
    emit_one(output, as_row(report), as_text(title, report))


def as_row(report: Report) -> dict[str, Any]:
    """Return a report as data."""
    earned = earnings(report.rows)
    return {
        "runs": len(report.rows),
        "passed_over": report.passed_over,
        "covered": len(report.covered),
        "unrouted": report.unrouted,
        "rerouted": sum(row.rerouted for row in report.rows),
        "differs": sum(row.differs for row in report.covered),
        "moves": [[a, b, count] for (a, b), count in report.moves.most_common()],
        "wins": report.wins,
        "losses": report.losses,
        "recorded": report.recorded._asdict(),
        "forked": report.forked._asdict(),
        "reward": earned and {"logged": _bounds(earned.logged), "changed": _bounds(earned.changed)},
        "estimates": _estimates(earned),
        "changed": [
            {
                "run": row.run_id,
                "before": row.before,
                "after": row.after if row.routed else None,
                "covered": row.covered,
                "recorded": row.recorded.outcome,
                "forked": row.forked.outcome,
            }
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
        f"{row['rerouted']:>7} are answered by another{_left_out(report)}",
        f"{row['differs']:>7} of the covered come to something else",
        f"{row['wins']:>7} wins, {row['losses']} losses by what people said",
    ]
    if report.covered:
        lines += ["", f"{'where covered':16} {'tokens':>8} {'cost':>9} {'p50 ms':>8} {'p95 ms':>8}"]
        for name, took in (("as recorded", report.recorded), ("with the change", report.forked)):
            figures = f"{took.tokens:>8} {took.cost:>9.4f} {took.p50_ms:>8} {took.p95_ms:>8}"
            lines.append(f"{name:16} {figures}")
        sides = (side for row in report.covered for side in (row.recorded, row.forked))
        lines += without_price(sides, report.prices)
    lines += [f"{count:>7} {a or 'nobody'} → {b or 'nobody'}" for a, b, count in row["moves"][:10]]
    return "\n".join([*lines, "", *_rewards(earnings(report.rows))])


def _bounds(known: Bounds) -> dict[str, Any]:
    return {**known._asdict(), "value": known.value}


def _estimates(earned: Earnings | None) -> dict[str, Any] | None:
    if earned is None or earned.weighted is None:
        return None
    return {
        name: value._asdict() if isinstance(value, Estimate) else value
        for name, value in earned.weighted._asdict().items()
    }


def _rewards(earned: Earnings | None) -> list[str]:
    """Return a sentence to trust, and behind it how sure that is."""
    lines = [sentence(earned)]
    if earned is None:
        return lines
    logged, changed = (f"{b.low:.3f} to {b.high:.3f}" for b in (earned.logged, earned.changed))
    lines.append(f"  of more such runs, 95 % sure: {logged} as logged, {changed} under the change")
    if earned.weighted is not None:
        _, effective, _, ips, snips, robust = earned.weighted
        lines.append(
            f"  weighed by chance, as good as {effective:.0f} runs of its own: SNIPS"
            f" {snips.value:.3f} ({snips.low:.3f} to {snips.high:.3f}), IPS {ips.value:.3f},"
            f" doubly robust {robust.value:.3f}"
        )
    return lines


def _left_out(report: Report) -> str:
    if not report.unrouted:
        return ""
    return f"; of {report.unrouted} more the record does not say who would answer"
