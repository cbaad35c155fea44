"""`aether diff`: two runs beside each other, aligned by what caused what."""

from collections.abc import Sequence
from typing import Any

import click

from cli.history import deciders_of, traveller
from cli.naming import LATEST_FORK, run_named
from cli.output import emit_one, formatted
from cli.pricing import priced, prices_of, without_price
from replay.diff import Diff, Row, Side, Verdict, diff
from replay.forks import find_fork, past_of_any
from replay.prices import Prices, cost_of
from streams.errors import Misconfigured
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import SESSIONS

MARKS = {Verdict.SAME: " ", Verdict.CHANGED: "~", Verdict.MISSING: "-", Verdict.EXTRA: "+"}
VALUE_MAX = 60


@click.command("diff")
@click.argument("left", default=LATEST_FORK)
@click.argument("right", required=False)
@priced
@formatted
def diff_(left: str, right: str | None, prices: tuple[str, ...], output: str) -> None:
    """Compare two runs or forks: what is the same, changed, missing or extra.

    Each is named by its id, whole or cut short, `latest` or `latest-fork`. A fork alone is compared
    with what it was forked from, without any the latest one.
    """
    costs = prices_of(prices)
    settings = read_settings()
    with Client(settings) as client:
        goes = traveller(settings, client)
        pasts = [
            past_of_any(name, deciders_of(SESSIONS.name), goes)
            for name in _named(client, left, right)
        ]
    compared = diff(*([e for e in past.stream if e.run_id == past.run_id] for past in pasts))
    emit_one(output, as_row(compared, costs), as_text(compared, costs))


def _named(client: Client, left: str, right: str | None) -> Sequence[RunId]:
    one = run_named(left, client)
    if right is not None:
        return one, run_named(right, client)
    made = find_fork(one, client.log, client.wire)
    if made is None:
        raise Misconfigured(f"{one} is no fork; what is it compared with?", fix="name two runs")
    return made.origin, one


def as_row(compared: Diff, prices: Prices) -> dict[str, Any]:
    """Return a comparison as data."""
    return {
        "same": compared.same,
        "left": _side(compared.left, prices),
        "right": _side(compared.right, prices),
        "events": [
            {
                "event": _name(row),
                "verdict": row.verdict.value,
                "left": row.left and row.left.event_id,
                "right": row.right and row.right.event_id,
                "fields": [field._asdict() for field in row.fields],
            }
            for row in compared.rows
        ],
    }


def as_text(compared: Diff, prices: Prices) -> str:
    """Return a comparison for a person."""
    lines = []
    for row in compared.rows:
        indent = "  " * (len(row.place) - 1)
        lines.append(f"{MARKS[row.verdict]} {indent}{_name(row):24} {row.verdict}")
        lines += [
            f"  {indent}  {field.path or 'kind'}: {_short(field.left)} → {_short(field.right)}"
            for field in row.fields
        ]
    left, right = compared.left, compared.right
    lines += ["", f"{'':8} {'outcome':28} {'tokens':>8} {'cost':>9} {'ms':>8}"]
    for name, side in (("left", left), ("right", right)):
        figures = f"{side.tokens:>8} {cost_of(side, prices):>9.4f} {side.milliseconds:>8}"
        lines.append(f"{name:8} {side.outcome:28} {figures}")
    lines += without_price((left, right), prices)
    return "\n".join([*lines, *(["", *compared.text] if compared.text else [])])


def _side(side: Side, prices: Prices) -> dict[str, Any]:
    spent = [call._asdict() for call in side.spent]
    return {**side._asdict(), "spent": spent, "cost": cost_of(side, prices)}


def _name(row: Row) -> str:
    envelope = row.left or row.right
    return type(envelope.event).__name__ if envelope else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1]}…"
