"""How commands speak: data as text, JSON or JSON lines on stdout; messages on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

#: So much of a text stands in a row of a table.
TEXT_MAX = 80

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json", "jsonl")


def formatted(command: F) -> F:
    """Give a command the option `-o text|json|jsonl`."""
    return click.option(
        "-o", "--output", type=click.Choice(FORMATS), default="text", help="How data is written."
    )(command)


def say(message: str, **style: Any) -> None:
    """Tell the person something that is no data."""
    click.secho(message, err=True, **style)


def step(title: str) -> None:
    """Begin a part of something that is shown part by part."""
    click.echo()
    click.secho(f"── {title}", bold=True)


def emit(output: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows: a table of some columns as text, everything as JSON."""
    if output == "jsonl":
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif output == "json":
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
    else:
        _table(list(rows), columns)


def emit_one(output: str, row: Mapping[str, Any], text: str) -> None:
    """Write one thing."""
    if output == "text":
        click.echo(text)
    else:
        click.echo(json.dumps(row, ensure_ascii=False, indent=2 if output == "json" else None))


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    if not rows:
        say("nothing to show")
        return
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [
        max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)
    ]
    figures = [all(_is_figure(line[i]) for line in cells) for i in range(len(columns))]

    def row(texts: Sequence[str]) -> str:
        placed = zip(texts, widths, figures, strict=True)
        return "  ".join(t.rjust(w) if right else t.ljust(w) for t, w, right in placed).rstrip()

    click.secho(row([column.upper() for column in columns]), bold=True)
    for line in cells:
        click.echo(row(line))


def _cell(value: Any) -> str:
    return "" if value is None else on_one_line(value)


def on_one_line(value: Any) -> str:
    """Return a value's text on one line, without what would steer a terminal."""
    text = " ".join(str(value).split())
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def time_text(at_ms: int, output: str) -> str:
    """Return a Unix time as the clock here shows it, or, as data, as ISO 8601."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return (
        at.strftime("%m-%d %H:%M:%S") if output == "text" else at.isoformat(timespec="milliseconds")
    )


def _is_figure(text: str) -> bool:
    return not text or text.replace(".", "", 1).isdecimal()


class Bar:
    """A progress bar on stderr, on a terminal only; elsewhere a line when it is done."""

    def __init__(self, label: str, length: int) -> None:
        self._label = label
        self._length = length
        self._done = 0
        self._bar: Any = None

    def __enter__(self) -> "Bar":
        if sys.stderr.isatty():
            self._bar = click.progressbar(
                length=max(1, self._length), label=self._label, file=sys.stderr, width=30
            ).__enter__()
        return self

    def advance(self, count: int) -> None:
        """Move on by so many."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()
        else:
            say(f"{self._label}: {self._done}")


def shortened(text: str) -> str:
    """Return a text as one line of a table."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_MAX else line[: TEXT_MAX - 1] + "…"
