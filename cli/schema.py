"""`aether schema`: the contract of the wire, checked and registered."""

import click

from cli.output import emit, formatted, say
from streams.events import AREAS
from streams.io import schemas
from streams.io.codec import Codec, subject_of
from streams.io.registry import ConfluentRegistry
from streams.io.settings import read_settings
from streams.topics import CHUNKS, EVENT_TOPICS

TOPICS = (*EVENT_TOPICS, CHUNKS)


@click.group()
def schema() -> None:
    """Check and register the event schemas."""


@schema.command("list")
@formatted
def list_(output: str) -> None:
    """List every event's subject, file and whether it is registered as it stands here."""
    registry = ConfluentRegistry(read_settings().registry_url)
    rows = []
    for topic in TOPICS:
        for kind in AREAS[topic.name.split(".")[1]]:
            subject = subject_of(topic.name, kind)
            known = registry.id_of(subject, schemas.text_of(kind))
            file = schemas.path_of(kind).relative_to(schemas.ROOT.parents[1])
            rows.append({"subject": subject, "file": str(file), "id": known or "not registered"})
    emit(output, rows, ["id", "subject", "file"])


@schema.command()
def register() -> None:
    """Register every schema; exit code 3 if old records could not be read with one."""
    codec = Codec(ConfluentRegistry(read_settings().registry_url))
    for topic in TOPICS:
        codec.learn(topic, register=True)
    say(f"registered {len(schemas.event_classes())} schemas")
