"""`aether produce`: events from lines of JSON into the log, held to their schema.

What the gateway lets in is let in here, by the same rules.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import click

from cli.codes import CHECK, REFUSED, USAGE
from cli.names import topic_named
from cli.output import emit, formatted, say
from gateway.api.cloudevents import CloudEvent, structured
from gateway.api.offers import known_topic, offer_of
from gateway.errors import ApiError
from streams.errors import DeliveryFailed, Misconfigured
from streams.events.offered import OFFERED
from streams.ids import minted
from streams.io import schemas
from streams.io.client import FULL_S, Client
from streams.io.settings import read_settings
from streams.partitioner import partition_of
from streams.topics import Topic

AT_ONCE = 1_000
CODES = {403: REFUSED, 422: CHECK}


@click.command()
@click.argument("topic")
@click.argument("values", nargs=-1)
@click.option("-t", "--type", "kind", help="What the values are, such as MemoryOffered.")
@click.option("-k", "--key", help="The stream they belong to.")
@click.option("-K", "--key-delimiter", help="Each line is KEY, this, and a value.")
@click.option("-H", "--header", "headers", multiple=True, help="name=value; may be repeated.")
@formatted
def produce(
    topic: str,
    values: tuple[str, ...],
    kind: str | None,
    key: str | None,
    key_delimiter: str | None,
    headers: tuple[str, ...],
    output: str,
) -> int:
    """Append events: VALUES, or the lines of stdin.

    A value is an event's data in JSON, or a whole CloudEvent. A wrong one stops before anything of
    its thousand is written: exit code 3 if it does not fit its schema, 6 if it is not yours to
    write.
    """
    found = _topic(topic)
    given = {"type": _type(found, kind), "partitionkey": key, **dict(map(_header, headers))}
    lines = enumerate(values or sys.stdin, 1)
    with Client(read_settings()) as client:
        while batch := list(islice(lines, AT_ONCE)):
            said = [event for n, line in batch for event in _said(n, line, given, key_delimiter)]
            try:
                rows = _append(client, found, said)
            except ApiError as error:
                say(f"aether: {_told(batch, error)}", fg="red")
                return CODES.get(error.status, USAGE)
            if output != "text":
                emit("jsonl", rows, [])
            say(f"appended {len(rows)} events")
    return 0


def _append(client: Client, topic: Topic, said: Sequence[CloudEvent]) -> list[dict[str, Any]]:
    offers = [offer_of(topic, event, client.wire) for event in said]
    failed: list[DeliveryFailed] = []
    drafts = [offer.draft for offer in offers]
    while drafts:
        sent = client.log.append(drafts, lambda error: failed.append(error) if error else None)
        drafts = drafts[sent:]
        client.log.serve(FULL_S if drafts else 0)
    client.flush()
    if failed:
        raise failed[0]
    return [
        {
            "id": offer.event_id,
            "topic": topic.name,
            "partition": partition_of(offer.draft.key or b"", topic.partitions),
        }
        for offer in offers
    ]


def _said(
    number: int, line: str, given: dict[str, Any], delimiter: str | None
) -> Iterator[CloudEvent]:
    """Yield the event of a line; none of an empty one."""
    line = line.strip()
    if not line:
        return
    named: dict[str, Any] = {}
    if delimiter is not None:
        named["partitionkey"], mark, line = line.partition(delimiter)
        if not mark:
            raise Misconfigured(f"line {number} has no {delimiter!r}", fix="write KEY, it, VALUE")
    try:
        value = json.loads(line)
    except ValueError as exc:
        raise Misconfigured(f"line {number} is not JSON: {exc}") from None
    whole = isinstance(value, dict) and "specversion" in value
    event_id = minted(int(time.time() * 1000), os.urandom(10))
    own = {"specversion": "1.0", "id": event_id, "source": "/aether/cli"}
    event = {**own, **{n: v for n, v in given.items() if v}, **named}
    event = {**event, **value} if whole else {**event, "data": value}
    yield structured(event, {}, "")


def _topic(name: str) -> Topic:
    try:
        return known_topic(topic_named(name))
    except ApiError as error:
        if error.status == 403:
            raise PermissionError(error.message) from None
        raise Misconfigured(error.message) from None


def _type(topic: Topic, kind: str | None) -> str | None:
    """Return the type that is meant by an event's name; the only one there is needs no name."""
    kinds = {each.__name__: schemas.ce_type(each) for each in OFFERED[topic.name]}
    if kind is None:
        return next(iter(kinds.values())) if len(kinds) == 1 else None
    return kinds.get(kind, kind)


def _header(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise Misconfigured(f"{text!r} is no header", fix="write it as name=value")
    return name, value


def _told(batch: Sequence[tuple[int, str]], error: ApiError) -> str:
    lines = f"lines {batch[0][0]} to {batch[-1][0]}" if len(batch) > 1 else f"line {batch[0][0]}"
    more = [f"\n  {at or '/'}: {why}" for at, why in error.faults]
    return f"nothing of {lines} was written: {error.message}{''.join(more)}"
