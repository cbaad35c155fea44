"""Events as clients send them."""

from typing import Any

from streams.events.memory import MemoryOffered
from streams.io.avro_json import to_json
from streams.topics import MEMORY
from tests.examples import CONTENT
from tests.unit.gateway.door import Door

PATH = f"/api/events/{MEMORY.name}"
TYPE = "aether.memory.MemoryOffered.v1"
DATA = to_json(MemoryOffered(content=CONTENT))


def said(name: str = "1", **attributes: Any) -> dict[str, Any]:
    """Return an event in CloudEvents' structured form."""
    given = {
        "specversion": "1.0",
        "id": name,
        "source": "/test",
        "type": TYPE,
        "partitionkey": "grid",
        "data": DATA,
    }
    return {k: v for k, v in {**given, **attributes}.items() if v is not None}


def headers(**attributes: str) -> dict[str, str]:
    """Return the same in binary form, whose body is the data."""
    given = {n: v for n, v in said(**attributes).items() if n != "data"}
    return {f"ce-{name}": value for name, value in given.items()} | {
        "content-type": "application/json"
    }


STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}


def written(door: Door) -> list[Any]:
    """Return every record that the memory topic holds."""
    places = [(MEMORY.name, p) for p in range(MEMORY.partitions)]
    return [record for place in places for record in door.grid.broker.records[place]]
