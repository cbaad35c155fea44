"""`aether verify`: every recorded input decided again, and compared event by event."""

from collections.abc import Iterator
from typing import Any

import click

from cli.codes import CHECK, OK
from cli.output import Bar, emit, formatted, say
from processors.app import DECIDERS
from processors.groups import considered
from replay.verify import Divergence, Made, Range, Verified, verify
from streams.io.client import Client
from streams.io.kafka.groups import Groups
from streams.io.settings import Settings, read_settings
from streams.io.standing import AnyDecider
from streams.partitioner import partition_of
from streams.plain import text_of

SHOWN = 3
COLUMNS = ["decider", "partition", "inputs", "decisions", "parked", "divergences", "inputs_per_s"]


@click.command("verify")
@click.option("--decider", "names", multiple=True, help="Only this decider; several can be named.")
@click.option("--key", help="Only the stream of this session, scope or capability.")
@click.option("--since", default=0, help="Only inputs from this offset on.")
@click.option("--first", is_flag=True, help="Stop at the first divergence.")
@formatted
def verify_(names: tuple[str, ...], key: str | None, since: int, first: bool, output: str) -> int:
    """Decide every recorded input again; exit code 3 if today's deciders say otherwise.

    Nothing is written and nobody is called.
    """
    settings = read_settings()
    deciders = [d for d in DECIDERS if not names or d.name in names]
    if not deciders:
        known = ", ".join(decider.name for decider in DECIDERS)
        raise click.UsageError(f"no decider is called {', '.join(names)}; known are {known}")
    heard: list[Divergence] = []
    with Client(settings) as client:
        found = list(_verified(settings, client, deciders, key, since, heard, first))
    emit(output, [_row(each) for each in found], COLUMNS)
    for divergence in heard[:SHOWN]:
        say(as_text(divergence), fg="red")
    if len(heard) > SHOWN:
        say(f"… and {len(heard) - SHOWN} more", fg="red")
    inputs = sum(each.inputs for each in found)
    say(
        f"{len(heard)} of {inputs} inputs are decided otherwise"
        if heard
        else f"{inputs} inputs decided again: the same events with the same ids",
        bold=True,
    )
    return CHECK if heard else OK


def _verified(
    settings: Settings,
    client: Client,
    deciders: list[AnyDecider],
    key: str | None,
    since: int,
    heard: list[Divergence],
    first: bool,
) -> Iterator[Verified]:
    groups, whole = Groups(settings.bootstrap, settings.kafka_options), settings.worker.group

    def hear(divergence: Divergence) -> bool:
        heard.append(divergence)
        return not first

    for decider in deciders:
        topic, done = decider.topic.name, considered(groups, whole, decider.name, decider.topic)
        count = client.log.partitions(topic)
        partitions = range(count) if key is None else [partition_of(key.encode(), count)]
        for partition in partitions:
            if first and heard:
                return
            end = client.log.span(topic, partition).end
            compared = Range(since, end, done.get(partition, 0), key)
            with Bar(f"{decider.name}/{partition}", end) as bar:
                yield verify(
                    decider, partition, client.log, client.wire, compared, hear, bar.advance
                )


def as_text(divergence: Divergence) -> str:
    """Return a divergence for a person: state, input, expected, got."""
    cause = divergence.cause
    place = f"{cause.topic}/{cause.partition}@{cause.offset}"
    lines = [
        f"{divergence.decider} decides {type(cause.event).__name__} at {place} otherwise",
        f"  state     {text_of(divergence.state)}",
        f"  input     {cause.event}",
        *_events("expected", divergence.expected),
        *_events("got", divergence.got),
    ]
    return "\n".join(lines)


def _events(title: str, made: tuple[Made, ...]) -> list[str]:
    return [f"  {title:9} {each.event}" for each in made] or [f"  {title:9} nothing"]


def _row(verified: Verified) -> dict[str, Any]:
    rate = verified.inputs / verified.seconds if verified.seconds else 0
    return {**verified._asdict(), "inputs_per_s": round(rate)}
