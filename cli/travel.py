"""`aether state`: what the deciders knew of a key at any event, offset or time."""

from datetime import datetime
from typing import Any

import click

from cli.history import traveller
from cli.output import emit, formatted
from processors.app import DECIDERS
from replay.travel import Known, Moment, Traveller
from streams.errors import Misconfigured
from streams.ids import EventId
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.plain import text_of
from streams.topics import EVENT_TOPICS, Topic

AREAS = {topic.name.split(".")[1]: topic for topic in EVENT_TOPICS}


@click.command()
@click.argument("key")
@click.option("--at", default="now", help="An event's id, an offset, or a time (ISO 8601).")
@click.option(
    "--area", type=click.Choice(list(AREAS)), default="sessions", help="What the key is a key of."
)
@formatted
def state(key: str, at: str, area: str, output: str) -> None:
    """Show the state of a session, scope or capability as it was.

    At an event: once it had been taken in. At an offset or time: before what came then.
    """
    settings, topic = read_settings(), AREAS[area]
    with Client(settings) as client:
        goes = traveller(settings, client)
        moment = _moment(goes, topic, key, at)
        deciders = [decider for decider in DECIDERS if decider.topic == topic]
        rows = [_row(known, output) for known in goes.known(deciders, key, moment)]
    emit(output, rows, ["decider", "position", "state"])


def _moment(goes: Traveller, topic: Topic, key: str, at: str) -> Moment:
    if at == "now":
        return goes.moment_now(topic, key)
    if at.isdigit():
        return goes.moment_now(topic, key)._replace(position=int(at))
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        found = goes.find(topic, key, EventId(at))
        if found is None:
            raise Misconfigured(
                f"{at!r} is no event of {key} in {topic.name}, and no time",
                fix="see `aether run show`, or write a time as 2026-01-31T12:00:00+00:00",
            ) from None
        return goes.moment_after(found)
    return goes.moment_at(topic, key, int(when.timestamp() * 1000))


def _row(known: Known, output: str) -> dict[str, Any]:
    told = {
        "decider": known.decider,
        "partition": known.moment.partition,
        "position": known.moment.position,
        "state": known.state,
        "grid": known.grid,
        "records_read": known.read,
    }
    return {**told, "state": text_of(known.state)} if output == "text" else told
