"""What a broker URL says: `rdkafka://host:port[;...]?events=batch&any.librdkafka.setting=value`."""

from collections.abc import Sequence
from typing import NamedTuple

from yarl import URL

BATCH_MAX = 500
DEFAULT_PORT = 9092


class Address(NamedTuple):
    """Where the brokers are and how to read them.

    With `batches` a stream event holds all records of one partition and poll, else one record.
    """

    servers: str
    batches: bool
    batch_max: int
    options: dict[str, str]


def parse(urls: Sequence[URL]) -> Address:
    """Read the URLs Faust was given; whichever of them has a query, it holds for all."""
    servers = ",".join(f"{url.host or '127.0.0.1'}:{url.port or DEFAULT_PORT}" for url in urls)
    options = {str(name): str(value) for url in urls for name, value in url.query.items()}
    batches = options.pop("events", "record") == "batch"
    batch_max = int(options.pop("batch", BATCH_MAX))
    return Address(servers, batches, batch_max, options)
