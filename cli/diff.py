"""`aether diff`: two runs beside each other, aligned by what caused what."""

from typing import Any

import click

from cli.history import deciders_of, traveller
from cli.output import emit_one, formatted
from replay.diff import Diff, Row, Side, Verdict, diff
from replay.forks import past_of_any
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import SESSIONS

MARKS = {Verdict.SAME: " ", Verdict.CHANGED: "~", Verdict.MISSING: "-", Verdict.EXTRA: "+"}
VALUE_MAX = 60


@click.command("diff")
@click.argument("left")
@click.argument("right")
@formatted
def diff_(left: str, right: str, output: str) -> None:
    """Compare two runs or forks: what is the same, changed, missing or extra."""
    settings = read_settings()
    with Client(settings) as client:
        goes = traveller(settings, client)
        pasts = [
            past_of_any(RunId(name), deciders_of(SESSIONS.name), goes) for name in (left, right)
        ]
    compared = diff(*([e for e in past.stream if e.run_id == past.run_id] for past in pasts))
    emit_one(output, as_row(compared), as_text(compared))


def as_row(compared: Diff) -> dict[str, Any]:
    """Return a comparison as data."""
    return {
        "same": compared.same,
        "left": _side(compared.left),
        "right": _side(compared.right),
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


def as_text(compared: Diff) -> str:
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
    lines += ["", f"{'':8} {'outcome':28} {'tokens':>8} {'ms':>8}"]
    for name, side in (("left", left), ("right", right)):
        lines.append(f"{name:8} {side.outcome:28} {side.tokens:>8} {side.milliseconds:>8}")
    return "\n".join([*lines, *(["", *compared.text] if compared.text else [])])


def _side(side: Side) -> dict[str, Any]:
    return {**side._asdict(), "spent": [call._asdict() for call in side.spent]}


def _name(row: Row) -> str:
    envelope = row.left or row.right
    return type(envelope.event).__name__ if envelope else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1]}…"
