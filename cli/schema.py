"""`aether schema`: the contract of the wire, checked and registered."""

from contextlib import closing

import click

from cli.output import emit, formatted, say
from streams.errors import Misconfigured
from streams.events import AREAS
from streams.io import schemas
from streams.io.codec import Codec, subject_of
from streams.io.registry import ConfluentRegistry
from streams.io.settings import read_settings
from streams.topics import TOPICS


@click.group()
def schema() -> None:
    """Check and register the event schemas."""


@schema.command("list")
@formatted
def list_(output: str) -> None:
    """List every event's subject, file and whether it is registered as it stands here."""
    rows = []
    with closing(ConfluentRegistry(read_settings().registry_url)) as registry:
        for topic in TOPICS:
            for kind in AREAS[topic.name.split(".")[1]]:
                subject = subject_of(topic.name, kind)
                known = registry.id_of(subject, schemas.text_of(kind)) or "not registered"
                file = schemas.path_of(kind).relative_to(schemas.ROOT.parents[1])
                rows.append({"subject": subject, "file": str(file), "id": known})
    emit(output, rows, ["id", "subject", "file"])


@schema.command()
@click.argument("name")
def show(name: str) -> None:
    """Print an event's schema; NAME is its class, its full name or its CloudEvents type."""
    for kind in schemas.event_classes():
        if name in (kind.__name__, schemas.full_name(kind), schemas.ce_type(kind)):
            click.echo(schemas.path_of(kind).read_text(encoding="utf-8").rstrip())
            return
    raise Misconfigured(f"no event is called {name!r}", fix="see `aether schema list`")


@schema.command()
def register() -> None:
    """Register every schema; exit code 3 if old records could not be read with one."""
    with closing(ConfluentRegistry(read_settings().registry_url)) as registry:
        codec = Codec(registry)
        for topic in TOPICS:
            codec.check(topic)
        for topic in TOPICS:
            codec.learn(topic, register=True)
    say(f"registered {len(schemas.event_classes())} schemas")
