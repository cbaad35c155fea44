"""`aether sql`: a question in SQL about everything that happened, archived or live."""

import csv
import sys
from base64 import b64encode
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from cli.output import FORMATS, Bar, emit, say
from replay.sealed import FOLDER, SealedFiles
from replay.sql import Answer, Gatherer, Questions
from streams.io.archive.chains import Chains
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import EVENT_TOPICS

LIMIT = 1_000
NAMES = [topic.name for topic in EVENT_TOPICS]


@click.command()
@click.argument("question")
@click.option("--archive", "only", flag_value="archive", help="Only what is sealed.")
@click.option("--live", "only", flag_value="live", help="Only what the log still holds.")
@click.option("--topic", "topics", multiple=True, type=click.Choice(NAMES), help="Only this topic.")
@click.option("--limit", default=LIMIT, help="At most so many rows; 0 for all.", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Choice([*FORMATS, "csv"]),
    default="text",
    help="How it is written.",
)
def sql(question: str, only: str | None, topics: tuple[str, ...], limit: int, output: str) -> None:
    """Answer a SELECT over the view `events`: every event of archive and log.

    Columns: topic, partition, offset, timestamp_ms, key, value, headers, event, event_id, run_id,
    cause_id, processor, json. For example:

    aether sql "select event, count(*) from events group by event"
    """
    settings = read_settings()
    with Client(settings) as client, TemporaryDirectory(prefix="aether-sql-") as name:
        log, folder = client.log, Path(name)
        sealed = SealedFiles(client.store, settings.data_dir / FOLDER)
        chains = Chains(log.live, client.wire).refresh()
        bar = Bar("records gathered", _length(client, topics or NAMES))
        with closing(sealed), bar:  # what was proven, or copied, is known also if the rest is away
            gatherer = Gatherer(log, client.wire, sealed, folder, bar.advance)
            for topic in topics or NAMES:
                gatherer.gather(topic, chains, archive=only != "live", live=only != "archive")
        with closing(Questions(folder, gatherer.files)) as questions:
            answer = questions.ask(question, limit or None)
    for topic, records in (+gatherer.lost).items():
        say(f"{topic} is asked without its first {records} records, which were not kept")
    _write(output, answer)
    if answer.more:
        say(f"only the first {limit} rows; `--limit 0` shows all")


def _length(client: Client, topics: Any) -> int:
    spans = [client.log.span(t, p) for t in topics for p in range(client.log.partitions(t))]
    return sum(span.end - span.first for span in spans)


def _write(output: str, answer: Answer) -> None:
    rows = [[_plain(value, output) for value in row] for row in answer.rows]
    if output == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(rows)
    else:
        named = (dict(zip(answer.columns, row, strict=True)) for row in rows)
        emit(output, named, answer.columns)


def _plain(value: Any, output: str) -> Any:
    """Return a value of DuckDB's as JSON can say it; bytes are text where they can be."""
    if isinstance(value, bytes | bytearray | memoryview):
        with suppress(UnicodeDecodeError):
            return bytes(value).decode()
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {str(name): _plain(inner, output) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, output) for inner in value]
    if value is None:
        return None if output in ("json", "jsonl") else ""
    return value if isinstance(value, str | int | float | bool) else str(value)
