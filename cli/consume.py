"""`aether consume`: a topic's events, from where and which one wants, as kcat and rpk show them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import click

from cli.expressions import condition
from cli.names import topic_named
from cli.naming import time_of
from cli.output import FORMATS, on_one_line
from gateway.api.shown import shown
from streams.errors import Misconfigured
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.log import EventLog, Record, Span

TAKE_S = 0.5
SHOWN_MAX = 160
Places = dict[tuple[str, int], int]

#: What stands for what in a format, as in kcat.
_MARKS = "%t topic, %p partition, %o offset, %k key, %T time (ms), %s data, %n type, %i id"


@click.command()
@click.argument("topic")
@click.option("--from", "start", default="end", help="start, end, an offset, -N or a time.")
@click.option("-n", "--num", type=click.IntRange(min=1), help="Stop after so many.")
@click.option("-e", "--exit-at-end", is_flag=True, help="Stop at what is the end now.")
@click.option("-p", "--partition", type=click.IntRange(min=0), help="Of this partition alone.")
@click.option("-k", "--key", help="Of this key alone.")
@click.option("-t", "--type", "kind", help="Of this type alone, such as RequestRouted.")
@click.option("--filter", "expression", help="Such as 'data.confidence < 0.5 and key != \"s\"'.")
@click.option("-f", "--format", "pattern", help=f"{_MARKS}; \\n and \\t.")
@click.option(
    "-o", "--output", type=click.Choice(FORMATS), default="text", help="How it is written."
)
def consume(
    topic: str,
    start: str,
    num: int | None,
    exit_at_end: bool,
    partition: int | None,
    key: str | None,
    kind: str | None,
    expression: str | None,
    pattern: str | None,
    output: str,
) -> None:
    """Show a topic's events as they come, until Ctrl-C, or as many as are asked for.

    TOPIC is a name or an area, such as `sessions`. An event is what the gateway shows: a CloudEvent
    in JSON with its place.
    """
    holds = condition(expression) if expression else lambda _: True
    with Client(read_settings()) as client:
        name = topic_named(topic)
        spans = {p: client.log.span(name, p) for p in _partitions(client.log, name, partition)}
        starts = {(name, p): _start(client.log, name, p, spans[p], start) for p in spans}
        ends = {(name, p): span.end for p, span in spans.items()} if exit_at_end else None
        found: list[Mapping[str, Any]] = []
        left = num
        for record in _records(client.log, starts, ends):
            if key is not None and record.key != key.encode():
                continue
            event = shown(record, client.wire)
            event["type"] = _short(event["type"])
            if kind in (None, event["type"]) and holds(event):
                if output == "json" and pattern is None:
                    found.append(event)
                else:
                    click.echo(_line(event, record, pattern, output), nl=pattern is None)
                left = None if left is None else left - 1
                if left == 0:
                    break
    if output == "json" and pattern is None:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _records(log: EventLog, starts: Places, ends: Places | None) -> Iterator[Record]:
    """Yield what can be read from some places on, without end or up to some."""
    if ends is not None and all(starts[place] >= end for place, end in ends.items()):
        return
    with closing(log.follow(starts)) as follower:
        while True:
            for record in follower.take(TAKE_S):
                if ends is None or record.offset < ends[record.topic, record.partition]:
                    yield record
            if ends is not None:
                at = follower.positions()
                if all(at[place] >= end for place, end in ends.items()):
                    return


def _partitions(log: EventLog, topic: str, wanted: int | None) -> list[int]:
    count = log.partitions(topic)
    if wanted is None:
        return list(range(count))
    if wanted >= count:
        raise Misconfigured(f"{topic} has {count} partitions", fix="count from 0")
    return [wanted]


def _start(log: EventLog, topic: str, partition: int, span: Span, text: str) -> int:
    """Return the offset that `start`, `end`, an offset, -N or a time means."""
    if text in ("start", "end"):
        return span.first if text == "start" else span.end
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:
        offset = span.end - int(digits) if text.startswith("-") else int(digits)
        return max(span.first, min(offset, span.end))
    return log.offset_at(topic, partition, time_of(text))


def _short(ce_type: str) -> str:
    return ce_type.rpartition(".v")[0].rpartition(".")[2] or ce_type


def _line(event: Mapping[str, Any], record: Record, pattern: str | None, output: str) -> str:
    if pattern is not None:
        return _written(pattern, event, record)
    if output == "jsonl":
        return json.dumps(event, ensure_ascii=False)
    data = event.get("unreadable") or json.dumps(event["data"], ensure_ascii=False)
    said = on_one_line(data)
    cut = said if len(said) <= SHOWN_MAX else said[: SHOWN_MAX - 1] + "…"
    place = f"{event['partition']}@{event['offset']}"
    key = on_one_line(event["partitionkey"])
    return f"{event['recordedtime']}  {place:>9}  {event['type']:20}  {key}  {cut}"


def _written(pattern: str, event: Mapping[str, Any], record: Record) -> str:
    values = {
        "t": record.topic,
        "p": record.partition,
        "o": record.offset,
        "k": event["partitionkey"],
        "T": record.timestamp_ms,
        "s": json.dumps(event["data"], ensure_ascii=False),
        "n": event["type"],
        "i": event["id"],
        "%": "%",
    }
    out, rest = "", pattern.replace("\\n", "\n").replace("\\t", "\t")
    while rest:
        before, mark, rest = rest.partition("%")
        out += before
        if mark:
            if rest[:1] not in values:
                raise Misconfigured(f"a format has no %{rest[:1]}", fix=f"there is {_MARKS}")
            out, rest = out + str(values[rest[0]]), rest[1:]
    return out
