"""`aether verify`: every recorded input decided again, and compared event by event."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import click

from cli.codes import CHECK, OK
from cli.output import Bar, emit, formatted, say
from processors.deciders import DECIDERS
from processors.groups import considered
from replay.verify import Divergence, Made, Range, Verified, verify
from streams.io.client import Client
from streams.io.kafka.groups import Groups
from streams.io.settings import Settings, read_settings
from streams.io.standing import AnyDecider
from streams.partitioner import partition_of
from streams.plain import text_of

SHOWN = 3
COLUMNS = [
    *("decider", "version", "recorded", "partition", "inputs", "decisions", "parked"),
    *("divergences", "announced"),
]


@click.command("verify")
@click.option("--decider", "names", multiple=True, help="Only this decider; several can be named.")
@click.option("--key", help="Only the stream of this session, scope or capability.")
@click.option("--since", default=0, help="Only inputs from this offset on.")
@click.option("--first", is_flag=True, help="Stop at the first divergence.")
@click.option("--strict", is_flag=True, help="A new version of a decider may not differ either.")
@formatted
def verify_(
    names: tuple[str, ...], key: str | None, since: int, first: bool, strict: bool, output: str
) -> int:
    """Decide every recorded input again; exit code 3 if today's deciders say otherwise.

    Nothing is written and nobody is called. What a decider of another version decided may differ:
    that is counted as announced.
    """
    unknown = sorted(set(names) - {decider.name for decider in DECIDERS})
    if unknown:
        known = ", ".join(decider.name for decider in DECIDERS)
        raise click.UsageError(f"no decider is called {', '.join(unknown)}; known are {known}")
    done = verify_all(read_settings(), Wanted(names, key, since, first, strict))
    shown = [each for each in done.found if each.inputs or output != "text"]
    emit(output, [_row(each) for each in shown], COLUMNS)
    for divergence in done.wrong[:SHOWN]:
        say(as_text(divergence), fg="red")
    if len(done.wrong) > SHOWN:
        say(f"… and {len(done.wrong) - SHOWN} more", fg="red")
    say(done.verdict, bold=True)
    return CHECK if done.wrong else OK


class Wanted(NamedTuple):
    """What is compared: some deciders or all, one key or all, from an offset on."""

    names: tuple[str, ...] = ()
    key: str | None = None
    since: int = 0
    first: bool = False
    strict: bool = False

    def forgives(self, divergence: Divergence) -> bool:
        """Whether a divergence may be: another version decided then, and may decide otherwise."""
        return divergence.announced and not self.strict


@dataclass(slots=True)
class Done:
    """What came of it, decider by decider and partition by partition, and what may not be."""

    found: list[Verified] = field(default_factory=list)
    wrong: list[Divergence] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """The whole in a sentence."""
        inputs = sum(each.inputs for each in self.found)
        announced = sum(each.announced for each in self.found)
        if self.wrong:
            return f"{len(self.wrong)} of {inputs} inputs are decided otherwise"
        told = f"{inputs} inputs decided again in {self.seconds:.1f} s"
        if announced:
            return f"{told}: {announced} otherwise, as a new version of their decider announces"
        return f"{told}: the same events with the same ids"


def verify_all(settings: Settings, wanted: Wanted | None = None) -> Done:
    """Redecide what is wanted, everything if nothing is said."""
    wanted, done, began = wanted or Wanted(), Done(), time.perf_counter()

    def hear(divergence: Divergence) -> bool:
        if not wanted.forgives(divergence):
            done.wrong.append(divergence)
        return not (wanted.first and done.wrong)

    with Client(settings) as client:
        work = list(_work(settings, client, wanted))
        with Bar("deciding again", sum(length for *_, length in work)) as bar:
            for partition, compared, _ in work:
                if not (wanted.first and done.wrong):
                    log, wire = client.log, client.wire
                    done.found += verify(compared, partition, log, wire, hear, bar.advance)
    done.seconds = time.perf_counter() - began
    return done


def _work(
    settings: Settings, client: Client, wanted: Wanted
) -> Iterator[tuple[int, Sequence[tuple[AnyDecider, Range]], int]]:
    """Yield partitions with what is compared in them, and how many records they hold."""
    groups, whole = Groups(settings.bootstrap, settings.kafka_options), settings.worker.group
    deciders = [d for d in DECIDERS if not wanted.names or d.name in wanted.names]
    done = {d.name: considered(groups, whole, d.name, d.topic) for d in deciders}
    for name in dict.fromkeys(decider.topic.name for decider in deciders):
        here = [decider for decider in deciders if decider.topic.name == name]
        for partition in _partitions(client, name, wanted.key):
            first, end = client.log.span(name, partition)
            compared = [
                (d, Range(wanted.since, end, done[d.name].get(partition, 0), wanted.key))
                for d in here
            ]
            yield partition, compared, end - first


def _partitions(client: Client, topic: str, key: str | None) -> Sequence[int]:
    count = client.log.partitions(topic)
    return range(count) if key is None else [partition_of(key.encode(), count)]


def as_text(divergence: Divergence) -> str:
    """Return a divergence for a person: state, input, expected, got."""
    cause, version = divergence.cause, divergence.version
    place = f"{cause.topic}/{cause.partition}@{cause.offset}"
    then = "" if version is None else f" than its version {version} did"
    read = cause.event is not None
    lines = [
        f"{divergence.decider} version {divergence.today} decides"
        f" {type(cause.event).__name__ if read else 'what is'} at {place} otherwise{then}",
        f"  state     {text_of(divergence.state)}",
        f"  input     {cause.event if read else 'no longer read'}",
        *_events("expected", divergence.expected),
        *_events("got", divergence.got),
    ]
    return "\n".join(lines)


def _events(title: str, made: tuple[Made, ...]) -> list[str]:
    return [f"  {title:9} {each.event}" for each in made] or [f"  {title:9} nothing"]


def _row(verified: Verified) -> dict[str, Any]:
    recorded = ",".join(map(str, verified.recorded))
    return {**verified._asdict(), "recorded": recorded}
