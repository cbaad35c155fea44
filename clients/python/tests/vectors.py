"""The vectors, and the schemas of this repository under the ids that those have."""

import base64
import json
from pathlib import Path
from typing import Any

import fastavro
from aether_grid.wire import Named

HOME = Path(__file__).parents[3]
VECTORS, SCHEMAS = HOME / "tests" / "conformance" / "vectors", HOME / "schemas" / "avro"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def native(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        if set(value) == {"$long"}:
            return int(value["$long"])
        return {name: native(each) for name, each in value.items()}
    return [native(each) for each in value] if isinstance(value, list) else value


class Files:
    """The schemas of this repository, under the ids that the vectors have."""

    def __init__(self) -> None:
        self.by_name, self.by_id = dict[str, Named](), dict[int, Named]()
        for name, kind in vectors("events")["kinds"].items():
            schema = fastavro.parse_schema(json.loads((SCHEMAS / kind["schema"]).read_text()))
            self.by_name[name] = self.by_id[kind["id"]] = Named(kind["id"], schema)

    def latest(self, topic: str, name: str) -> Named:
        return self.by_name[name]

    def of(self, schema_id: int) -> Named:
        return self.by_id[schema_id]
