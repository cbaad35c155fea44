"""`aether archive`: seals the log into the object store, proves it, and trims the log behind it."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from cli.codes import CHECK, OK
from cli.keep import NAMES, keep
from cli.output import Bar, emit, formatted, say
from replay.archive.audit import Audited, Auditor, Fault
from replay.archive.seal import Sealer
from replay.archive.seen import SEEN_FILE, SeenFile
from replay.archive.trim import Trim, Trimmer
from streams.events.archive import SegmentSealed
from streams.io.archive.chains import Chains, Place
from streams.io.client import Client
from streams.io.kafka.trimming import KafkaTrimming
from streams.io.settings import Settings, read_settings

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
PLACE = ["topic", "partition", "first", "end"]


class Age(click.ParamType):
    """An age such as 90s, 30m, 12h or 7d, in milliseconds."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        number, unit = str(value)[:-1], str(value)[-1:]
        if not number.isdecimal() or unit not in UNITS_S:
            self.fail(f"{value!r} is no age; write it as 90s, 30m, 12h or 7d", param, ctx)
        return int(number) * UNITS_S[unit] * 1000


only_topic = click.option(
    "--topic", "topics", multiple=True, type=click.Choice(NAMES), help="Only this topic."
)


@click.group()
def archive() -> None:
    """Seal the log in the object store, prove it, and trim what is proven."""


class Opened(NamedTuple):
    """What every command here works with."""

    client: Client
    chains: Chains
    seen: SeenFile

    def auditor(self) -> Auditor:
        """Return who checks chains."""
        return Auditor(self.client.log.live, self.client.store, self.seen.read())


def _opened(settings: Settings, client: Client) -> Opened:
    chains = Chains(client.log.live, client.wire).refresh()
    return Opened(client, chains, SeenFile(settings.data_dir / SEEN_FILE))


archive.add_command(keep)


@archive.command()
@only_topic
@click.option("--from-here", is_flag=True, help="Begin although the log's beginning is gone.")
@formatted
def seal(topics: tuple[str, ...], from_here: bool, output: str) -> None:
    """Seal everything the log holds now; what is sealed already is left alone.

    A segment counts once it was read back from the store and compared with the log.
    """
    settings = read_settings()
    with Client(settings) as client:
        at = _opened(settings, client)
        sealer = Sealer(client.log.live, client.wire, client.store)
        sealed: list[SegmentSealed] = []
        for topic in topics or NAMES:
            for partition in range(client.log.partitions(topic)):
                for segment in sealer.seal(topic, partition, begin=from_here):
                    at.seen.add([segment])
                    sealed.append(segment)
    emit(output, map(_segment, sealed), [*PLACE, "records", "address"])
    say(f"{sum(s.records for s in sealed)} records sealed in {len(sealed)} segments", bold=True)


@archive.command()
@formatted
def status(output: str) -> None:
    """Show how far each partition is sealed, and what the log still holds."""
    settings = read_settings()
    with Client(settings) as client:
        chains = _opened(settings, client).chains
        rows = list(_states(client, chains))
    emit(output, rows, ["topic", "partition", "sealed", "segments", "log_first", "log_end", "open"])


@archive.command()
@formatted
def verify(output: str) -> int:
    """Check every segment of every chain; exit code 3 if anything is wrong, which is named."""
    settings = read_settings()
    with Client(settings) as client:
        at = _opened(settings, client)
        total = sum(len(chain.segments) for _, chain in at.chains)
        with Bar("segments checked", total) as bar:
            auditor = at.auditor()._replace(progress=lambda _: bar.advance(1))
            audited = list(auditor.audit(at.chains, tuple(NAMES)))
    faults = [fault for each in audited for fault in each.faults]
    emit(output, map(_audited, audited), [*PLACE, "segments", "records", "faults"])
    for fault in faults:
        say(as_text(fault), fg="red")
    for record in at.chains.unreadable:
        say(f"{record.topic}/{record.partition}@{record.offset} is no readable head", fg="red")
    if faults or at.chains.unreadable:
        say(f"{len(faults) + len(at.chains.unreadable)} faults", bold=True)
        return CHECK
    at.seen.add(chain.head for _, chain in at.chains if chain.head is not None)
    say(f"{total} segments are what was sealed", bold=True)
    return OK


@archive.command()
@only_topic
@click.option("--keep", type=Age(), required=True, help="Keep what is younger, such as 7d or 12h.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@formatted
def trim(topics: tuple[str, ...], keep: int, yes: bool, output: str) -> None:
    """Delete from the log what is sealed and older than an age.

    Every chain is proven first; nothing goes that a consumer group has yet to read.
    """
    settings = read_settings()
    trimming = KafkaTrimming(settings.bootstrap, settings.kafka_options)
    with Client(settings) as client:
        at = _opened(settings, client)
        trimmer = Trimmer(client.log.live, at.chains, at.auditor(), trimming)
        before_ms = int(time.time() * 1000) - keep
        plans = [plan for topic in topics or NAMES for plan in trimmer.plan(topic, before_ms)]
        emit(output, map(_plan, plans), ["topic", "partition", "first", "until", "held_by"])
        count = sum(plan.until - plan.first for plan in plans)
        if count and (yes or click.confirm(f"Delete {count} records from the log?", err=True)):
            for plan in plans:
                trimmer.trim(plan)
            say(f"{count} records are in the archive alone now", bold=True)
        elif not count:
            say("nothing to trim: nothing that is sealed is that old")


def as_text(fault: Fault) -> str:
    """Return a fault for a person."""
    place = f"{fault.topic}/{fault.partition}"
    address = f" {fault.address}" if fault.address else ""
    return f"{place} {fault.first} to {fault.end - 1}: {fault.wrong}{address}\n  {fault.detail}"


def _states(client: Client, chains: Chains) -> Iterator[dict[str, Any]]:
    for topic in NAMES:
        identity = client.log.identity(topic)
        for partition in range(client.log.partitions(topic)):
            chain = chains.of(Place(topic, identity, partition))
            span = client.log.live.span(topic, partition)
            end = chain.head.end if chain.head else 0
            yield {
                "topic": topic,
                "partition": partition,
                "sealed": end,
                "segments": len(chain.segments),
                "head": chain.previous,
                "log_first": span.first,
                "log_end": span.end,
                "open": span.end - max(end, span.first),
            }


def _segment(sealed: SegmentSealed) -> dict[str, Any]:
    return {field: getattr(sealed, field) for field in sealed.__dataclass_fields__}


def _audited(audited: Audited) -> dict[str, Any]:
    place, segments, first, end, records, faults = audited
    return {
        **place._asdict(),
        "first": first,
        "end": end,
        "segments": segments,
        "records": records,
        "faults": len(faults),
        "wrong": [fault._asdict() for fault in faults],
    }


def _plan(planned: Trim) -> dict[str, Any]:
    place, first, until, held_by = planned
    return {**place._asdict(), "first": first, "until": until, "held_by": held_by}
