"""The report of a what-if as one HTML page: no script, no network, pictures drawn in place."""

from collections.abc import Iterable, Sequence
from html import escape

from replay.bounds import Bounds
from replay.earnings import Earnings, earnings, sentence
from replay.figures import Report, Row, Took
from replay.offpolicy import Estimate, Estimates
from replay.prices import unpriced

ROWS_MAX = 500
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.big { display: flex; gap: 2rem; flex-wrap: wrap; }
.big b { display: block; font-size: 1.8rem; }
svg text { fill: currentColor; font-size: 13px; }
.dim { opacity: .65; }
"""


def page(title: str, report: Report) -> str:
    """Return the page."""
    parts = [
        f"<h1>{escape(title)}</h1>",
        _numbers(report),
        "<h2>What it takes</h2>",
        _takes(report),
        "<h2>Who answers now</h2>",
        _moves(report),
        "<h2>What it would have earned</h2>",
        _earned(earnings(report.rows)),
        "<h2>Runs that come to something else</h2>",
        _rows([row for row in report.rows if row.differs or row.rerouted]),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>"
    )


def bars(rows: Sequence[tuple[str, float]]) -> str:
    """Return horizontal bars as SVG."""
    most = max((value for _, value in rows), default=0) or 1
    drawn = [
        f'<text x="0" y="{24 * at + 15}">{escape(name)}</text>'
        f'<rect x="300" y="{24 * at + 3}" width="{max(1, 380 * value / most):.1f}" height="16"'
        f' fill="#2f6fde"/><text x="{308 + 380 * value / most:.1f}" y="{24 * at + 15}">'
        f"{value:,.0f}</text>"
        for at, (name, value) in enumerate(rows)
    ]
    return f'<svg viewBox="0 0 760 {24 * len(rows)}" width="100%">{"".join(drawn)}</svg>'


def _numbers(report: Report) -> str:
    told = [
        (len(report.rows), "runs"),
        (sum(row.rerouted for row in report.rows), "answered by another"),
        (sum(row.differs for row in report.covered), "come to something else"),
        (f"{_share(len(report.covered), len(report.rows))}", "covered by the record"),
        (f"{report.wins} : {report.losses}", "wins : losses"),
    ]
    cells = "".join(f"<span><b>{value}</b>{label}</span>" for value, label in told)
    return f'<div class="big">{cells}</div>'


def _takes(report: Report) -> str:
    if not report.covered:
        return '<p class="dim">The record could answer none of these runs.</p>'
    named = [("as recorded", report.recorded), ("under the change", report.forked)]
    rows = "".join(f"<tr><td>{name}</td>{_took(took)}</tr>" for name, took in named)
    columns = ("tokens", "cost", "ms, median", "ms, 95 %")
    head = "".join(f"<th>{column}</th>" for column in ("", *columns))
    sides = (side for row in report.covered for side in (row.recorded, row.forked))
    models = escape(", ".join(unpriced(sides, report.prices)))
    left_out = f'<p class="dim">Not in the cost, for want of a price: {models}</p>'
    return f"<table><tr>{head}</tr>{rows}</table>{left_out if models else ''}"


def _took(took: Took) -> str:
    cells = (f"{took.tokens:,}", f"{took.cost:,.4f}", f"{took.p50_ms:,}", f"{took.p95_ms:,}")
    return "".join(f'<td class="n">{cell}</td>' for cell in cells)


def _moves(report: Report) -> str:
    moves = report.moves.most_common(20)
    unknown = f"Runs of which the record does not say who would answer: {report.unrouted}."
    left_out = f'<p class="dim">{unknown}</p>' if report.unrouted else ""
    if not moves:
        return f'<p class="dim">Nobody else answers any run.</p>{left_out}'
    drawn = bars([(f"{a or 'nobody'} → {b or 'nobody'}", count) for (a, b), count in moves])
    return drawn + left_out


def _earned(earned: Earnings | None) -> str:
    said = sentence(earned)
    said = f"<p>{said[0].upper()}{said[1:]}.</p>"
    if earned is None:
        return said
    known = [("as logged", _bounds(earned.logged)), ("under the change", _bounds(earned.changed))]
    return f"{said}{_rewards('95 % of more such runs', known)}{_weighted(earned.weighted)}"


def _weighted(estimates: Estimates | None) -> str:
    if estimates is None:
        return '<p class="dim">No logged run that was left to chance went where it would go.</p>'
    named = [
        ("as logged", estimates.logged),
        ("inverse propensity (IPS)", estimates.ips),
        ("self-normalised (SNIPS)", estimates.snips),
        ("doubly robust", estimates.doubly_robust),
    ]
    rows = _rewards("about 95 %", [(name, _interval(each)) for name, each in named])
    return (
        f"<p>Weighed by chance: {estimates.runs} runs, as good as {estimates.effective:.0f} of the"
        f" change's own.</p>{rows}"
    )


def _rewards(sure: str, named: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><td>{name}</td>{cells}</tr>" for name, cells in named)
    return f"<table><tr><th></th><th>reward</th><th>{sure}</th></tr>{rows}</table>"


def _bounds(known: Bounds) -> str:
    span = f"{known.worst:.3f} to {known.best:.3f}" if known.known else "not known"
    value = span if known.value is None else f"{known.value:.3f}"
    return f'<td class="n">{value}</td><td class="n">{known.low:.3f} to {known.high:.3f}</td>'


def _interval(estimate: Estimate) -> str:
    low, high = (f"{bound:.3f}" for bound in estimate[1:])
    return f'<td class="n">{estimate.value:.3f}</td><td class="n">{low} to {high}</td>'


def _rows(rows: Iterable[Row]) -> str:
    found = list(rows)
    if not found:
        return '<p class="dim">None.</p>'
    written = "".join(map(_row, found[:ROWS_MAX]))
    more = f"<p>… and {len(found) - ROWS_MAX} more</p>" if len(found) > ROWS_MAX else ""
    head = "<tr><th>run</th><th>question</th><th>answered by</th><th>before</th><th>after</th></tr>"
    return f"<table>{head}{written}</table>{more}"


def _row(row: Row) -> str:
    before, after = (name or "nobody" for name in (row.before, row.after))
    by = f"{before} → {after}" if row.rerouted else before if row.routed else f"{before} → ?"
    text = row.forked.text if row.covered else "not in the record"
    cells = (row.run_id[:13], row.question, by, row.recorded.text, text)
    return "<tr>" + "".join(f"<td>{escape(cell[:300])}</td>" for cell in cells) + "</tr>"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
