"""`aether topic`: the grid's topics on a cluster."""

import re

import click

from cli.names import topic_named
from cli.output import emit, formatted, say
from engines.probe import kafka_answers
from streams.access import GRID, of_node
from streams.errors import BrokerAway, Misconfigured
from streams.io.kafka.log import KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.settings import Settings, read_settings
from streams.topics import (
    EVENT_TOPICS,
    NODE,
    TOPICS,
    inbox_of,
    matches_of,
    work_of,
)


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


@topic.command()
@click.argument("principal")
@click.option("--node", help="Give the rights of this node, and make the topics it needs.")
@click.option("--dry-run", is_flag=True, help="Show the rights, and give none.")
@formatted
def acl(principal: str, node: str | None, dry_run: bool, output: str) -> None:
    """Give PRINCIPAL, such as User:ada, its rights: those of the grid itself, or of a node.

    A node writes to its inbox alone, which `worker.inboxes` must name; exit code 2 for who may not
    give rights.
    """
    from streams.io.kafka.access import grant

    if node is not None and re.fullmatch(NODE, node) is None:
        raise Misconfigured(f"{node!r} is no node's name", fix="use lower case, digits and '-'")
    settings, rights = read_settings(), GRID if node is None else of_node(node)
    rows = [
        {
            "principal": principal,
            "resource": right.resource.value,
            "name": right.name + ("*" if right.prefixed else ""),
            "operations": ", ".join(right.operations),
        }
        for right in rights
    ]
    if not dry_run:
        reached()
        work = work_of(f"work/{node}")
        if node is not None and work is not None:
            topics = [inbox_of(node), work, matches_of(node)]
            create_topics(settings.bootstrap, settings.kafka_options, topics=topics)
        grant(settings.bootstrap, settings.kafka_options, principal, rights)
    emit(output, rows, ["principal", "resource", "name", "operations"])


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
