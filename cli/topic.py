"""`aether topic`: the grid's topics on a cluster."""

import click

from cli.names import topic_named
from cli.output import emit, formatted, say
from engines.probe import kafka_answers
from streams.errors import BrokerAway
from streams.io.kafka.log import KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.settings import Settings, read_settings
from streams.topics import EVENT_TOPICS, TOPICS


@click.group()
def topic() -> None:
    """Create and list the grid's topics."""


@topic.command()
@click.option("--replication", default=-1, help="Copies of each record; the cluster's own default.")
def create(replication: int) -> None:
    """Create what is missing; exit code 7 if a topic is there with other partitions."""
    settings = reached()
    created = create_topics(settings.bootstrap, settings.kafka_options, replication=replication)
    say(f"created {len(created)} topics")


@topic.command("list")
@formatted
def list_(output: str) -> None:
    """List the grid's topics with what they hold."""
    settings = reached()
    log = KafkaLog(settings.bootstrap, options=settings.kafka_options)
    names = [t.name for t in TOPICS] + [t.dead_letters for t in EVENT_TOPICS]
    rows = []
    for name in names:
        spans = [log.span(name, partition) for partition in range(log.partitions(name))]
        records = sum(span.end - span.first for span in spans)
        rows.append({"topic": name, "partitions": len(spans), "records": records})
    log.close()
    emit(output, rows, ["topic", "partitions", "records"])


@topic.command()
@click.argument("name")
@formatted
def show(name: str, output: str) -> None:
    """Show what each partition of a topic holds; NAME may be an area, such as `sessions`."""
    settings = reached()
    log = KafkaLog(settings.bootstrap, options=settings.kafka_options)
    name = topic_named(name)
    spans = [log.span(name, partition) for partition in range(log.partitions(name))]
    log.close()
    rows = [
        {"partition": number, "first": first, "end": end, "records": end - first}
        for number, (first, end) in enumerate(spans)
    ]
    emit(output, rows, ["partition", "first", "end", "records"])


def reached() -> Settings:
    """Return the settings; raises BrokerAway at once where no broker of this machine answers."""
    settings = read_settings()
    if settings.kafka.bootstrap is None and not kafka_answers(settings.ports.kafka):
        raise BrokerAway(f"no Kafka answers at {settings.bootstrap}", fix="see `aether status`")
    return settings
