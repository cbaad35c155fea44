"""The Avro schemas in `schemas/avro/`, and the rules a schema must keep before anyone may use it.

The rules are about safety: fastavro's decoder crashes the process on a deep record of a recursive
schema, and seven bytes of an array of nothing make it allocate for seconds.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from streams.errors import IncompatibleSchema
from streams.events import AREAS

ROOT = Path(__file__).parents[2] / "schemas" / "avro"

Schema = Any  # parsed JSON: a name, a list (union) or an object


def full_name(kind: type) -> str:
    """Return the Avro name of an event class: `aether.<area>.<Class>`."""
    return f"aether.{area_of(kind)}.{kind.__name__}"


@cache
def area_of(kind: type) -> str:
    """Return the area an event class belongs to."""
    return next(area for area, kinds in AREAS.items() if kind in kinds)


def ce_type(kind: type) -> str:
    """Return the CloudEvents type of an event class."""
    return f"{full_name(kind)}.v1"


def path_of(kind: type) -> Path:
    """Return the file that holds an event class's schema."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    return ROOT / area_of(kind) / f"{name}.avsc"


@cache
def text_of(kind: type) -> str:
    """Return an event class's schema as compact JSON, as it is registered.

    Raises IncompatibleSchema if the schema breaks a rule.
    """
    schema = json.loads(path_of(kind).read_text())
    check(schema)
    return json.dumps(schema, separators=(",", ":"))


def check(schema: Schema) -> None:
    """Refuse a schema that cannot be decoded safely.

    Raises IncompatibleSchema for a record that contains itself, and for arrays or maps whose
    items take no bytes.
    """
    _Walk({}).empty(schema, "", ())


class _Walk(NamedTuple):
    """One check; `known` says of every named type met so far whether it takes no bytes."""

    known: dict[str, bool]

    def empty(self, schema: Schema, space: str, inside: tuple[str, ...]) -> bool:
        """Check `schema`; return whether its values take no bytes at all."""
        if isinstance(schema, list):
            for branch in schema:
                self.empty(branch, space, inside)
            return False
        if isinstance(schema, str):
            return self._name(_full(schema, space), schema, inside)
        match schema.get("type"):
            case "record" | "error":
                return self._record(schema, space, inside)
            case "enum" | "fixed" as kind:
                full = _full(schema["name"], schema.get("namespace", space))
                self.known[full] = kind == "fixed" and schema["size"] == 0
                return self.known[full]
            case "array":
                return self._array(schema["items"], space, inside)
            case "map":
                self.empty(schema["values"], space, inside)
                return False
            case written_out:  # {"type": "string"} and the like
                return self.empty(written_out, space, inside)

    def _name(self, full: str, name: str, inside: tuple[str, ...]) -> bool:
        if full in inside or name in inside:
            raise IncompatibleSchema(
                f"{full} contains itself ({' in '.join((*inside, full))}); a deep record of a"
                " recursive schema crashes the decoder",
                fix="flatten it, or carry the nested part as text or bytes",
            )
        return self.known.get(full, self.known.get(name, name == "null"))

    def _record(self, schema: Schema, space: str, inside: tuple[str, ...]) -> bool:
        full = _full(schema["name"], schema.get("namespace", space))
        space = full.rpartition(".")[0]
        fields = [self.empty(f["type"], space, (*inside, full)) for f in schema["fields"]]
        self.known[full] = all(fields)
        return self.known[full]

    def _array(self, items: Schema, space: str, inside: tuple[str, ...]) -> bool:
        if self.empty(items, space, inside):
            raise IncompatibleSchema(
                f"an array of {items!r} takes memory for items that take no bytes",
                fix="give the items at least one field that has a value",
            )
        return False


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def event_classes() -> tuple[type, ...]:
    """Return every event class there is."""
    return tuple(kind for kinds in AREAS.values() for kind in kinds)
