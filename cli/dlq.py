"""`aether dlq`: records that nobody could read, with their bytes and the reason."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from cli.output import emit, emit_one, formatted, say
from streams import dead_letters as dl
from streams.envelope import PROCESSOR, place
from streams.errors import BrokerAway, DeliveryFailed, Misconfigured
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.log import Record
from streams.topics import EVENT_TOPICS

_PLACE = re.compile(r"^(?P<topic>[\w.-]+)/(?P<partition>\d+)@(?P<offset>\d+)$")
BYTES_SHOWN = 256
FLUSH_S = 30.0


@click.group()
def dlq() -> None:
    """Read and retry dead letters."""


@dlq.command("list")
@formatted
def list_(output: str) -> None:
    """List every dead letter."""
    with Client(read_settings()) as client:
        rows = [_row(letter) for letter in _letters(client)]
    emit(output, rows, ["letter", "source", "by", "error", "message"])


@dlq.command()
@click.argument("letter")
@formatted
def show(letter: str, output: str) -> None:
    """Show one dead letter, named as `list` names it, with its bytes."""
    with Client(read_settings()) as client:
        found = _one(client, letter)
    value = found.value or b""
    row = {**_row(found), "key": repr(found.key), "bytes": value[:BYTES_SHOWN].hex(" ")}
    row["headers"] = {name: repr(text) for name, text in found.headers}
    lines = [f"{name:9} {said}" for name, said in row.items() if name != "headers"]
    more = f"  … {len(value)} bytes in all" if len(value) > BYTES_SHOWN else ""
    heads = [f"  {name}: {said}" for name, said in row["headers"].items()]
    emit_one(output, row, "\n".join([*lines, *([more] if more else []), "headers", *heads]))


@dlq.command()
@click.argument("letters", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Retry all of them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retry(letters: tuple[str, ...], every: bool, yes: bool) -> None:
    """Append parked records to their streams again, behind all that came since.

    Mend what was wrong first, or they are parked again.
    """
    if every == bool(letters):
        raise Misconfigured("name the letters to retry, or give --all", fix="see `aether dlq list`")
    with Client(read_settings()) as client:
        found = list(_letters(client)) if every else [_one(client, letter) for letter in letters]
        if not yes:
            click.confirm(f"append {len(found)} records again?", abort=True, err=True)
        failed: list[DeliveryFailed] = []
        drafts = [dl.retried(letter) for letter in found]
        client.log.append(drafts, lambda error: failed.append(error) if error else None)
        left = client.log.flush(FLUSH_S)
    if failed:
        raise failed[0]
    if left:
        raise BrokerAway(f"{left} records are not acknowledged")
    say(f"appended {len(found)} records")


def _letters(client: Client) -> Iterator[Record]:
    for topic in EVENT_TOPICS:
        for partition in range(client.log.partitions(topic.dead_letters)):
            span = client.log.span(topic.dead_letters, partition)
            for records in client.log.read(topic.dead_letters, partition, *span):
                yield from records


def _one(client: Client, letter: str) -> Record:
    named = _PLACE.match(letter)
    if named is None:
        raise Misconfigured(f"{letter!r} names no letter", fix="use a name of `aether dlq list`")
    offset = int(named["offset"])
    for records in client.log.read(named["topic"], int(named["partition"]), offset, offset + 1):
        return records[0]
    raise Misconfigured(f"there is no letter {letter}", fix="use a name of `aether dlq list`")


def _row(letter: Record) -> dict[str, Any]:
    head = {name: value.decode(errors="replace") for name, value in letter.headers}
    at = datetime.fromtimestamp(letter.timestamp_ms / 1000).astimezone()
    source = f"{head.get(dl.TOPIC)}/{head.get(dl.PARTITION)}@{head.get(dl.OFFSET)}"
    return {
        "letter": place(letter),
        "source": source,
        "time": at.isoformat(timespec="milliseconds"),
        "by": head.get(PROCESSOR, ""),
        "attempt": head.get(dl.ATTEMPT, ""),
        "error": head.get(dl.EXCEPTION, ""),
        "message": head.get(dl.MESSAGE, ""),
    }
