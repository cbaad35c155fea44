"""`aether verify`: every recorded input decided again, and compared event by event."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

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
from streams.topics import Topic

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
    unknown = sorted(set(names) - {decider.name for decider in DECIDERS})
    if unknown:
        known = ", ".join(decider.name for decider in DECIDERS)
        raise click.UsageError(f"no decider is called {', '.join(unknown)}; known are {known}")
    done = verify_all(read_settings(), Wanted(names, key, since, first))
    emit(output, [_row(each) for each in done.found], COLUMNS)
    for divergence in done.heard[:SHOWN]:
        say(as_text(divergence), fg="red")
    if len(done.heard) > SHOWN:
        say(f"… and {len(done.heard) - SHOWN} more", fg="red")
    say(done.verdict, bold=True)
    return CHECK if done.heard else OK


class Wanted(NamedTuple):
    """What is compared: some deciders or all, one key or all, from an offset on."""

    names: tuple[str, ...] = ()
    key: str | None = None
    since: int = 0
    first: bool = False


class Done(NamedTuple):
    """What came of it, decider by decider and partition by partition, and what was heard."""

    found: list[Verified]
    heard: list[Divergence]

    @property
    def verdict(self) -> str:
        """The whole in a sentence."""
        inputs = sum(each.inputs for each in self.found)
        if self.heard:
            return f"{len(self.heard)} of {inputs} inputs are decided otherwise"
        return f"{inputs} inputs decided again: the same events with the same ids"


def verify_all(settings: Settings, wanted: Wanted | None = None) -> Done:
    """Redecide what is wanted, everything if nothing is said."""
    wanted, done = wanted or Wanted(), Done([], [])

    def hear(divergence: Divergence) -> bool:
        done.heard.append(divergence)
        return not wanted.first

    with Client(settings) as client:
        ranges = list(_ranges(settings, client, wanted))
        with Bar("deciding again", sum(compared.end for *_, compared in ranges)) as bar:
            for decider, partition, compared in ranges:
                if not (wanted.first and done.heard):
                    done.found.append(
                        verify(
                            decider,
                            partition,
                            client.log,
                            client.wire,
                            compared,
                            hear,
                            bar.advance,
                        )
                    )
    return done


def _ranges(
    settings: Settings, client: Client, wanted: Wanted
) -> Iterator[tuple[AnyDecider, int, Range]]:
    groups, whole = Groups(settings.bootstrap, settings.kafka_options), settings.worker.group
    for decider in DECIDERS:
        if wanted.names and decider.name not in wanted.names:
            continue
        done = considered(groups, whole, decider.name, decider.topic)
        for partition in _partitions(client, decider.topic, wanted.key):
            end = client.log.span(decider.topic.name, partition).end
            yield decider, partition, Range(wanted.since, end, done.get(partition, 0), wanted.key)


def _partitions(client: Client, topic: Topic, key: str | None) -> Sequence[int]:
    count = client.log.partitions(topic.name)
    return range(count) if key is None else [partition_of(key.encode(), count)]


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
