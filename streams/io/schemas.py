"""The Avro schemas in `schemas/avro/`, and the rules a schema must keep before anyone may use it.

The rules are about safety: fastavro's decoder crashes the process on a deep record of a recursive
schema, seven bytes of an array of nothing make it allocate for seconds, and records of nothing,
each twice in the next, keep it busy for ever with no bytes at all. Under the rules every value
takes a byte, so a record of n bytes takes at most n * HEIGHT_MAX steps.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from streams.errors import IncompatibleSchema
from streams.events import AREAS

ROOT = Path(__file__).parents[2] / "schemas" / "avro"

#: Ours are at most 4 deep, of some 40 types; a union is searched branch by branch.
HEIGHT_MAX, TYPES_MAX, BRANCHES_MAX = 12, 1_000, 64

RECORDS = ("record", "error")
#: What these names mean nobody can change by naming a type of his own like one.
PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))

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


def name_of(schema: Schema) -> str:
    """Return the full name of a record's schema, or "" for anything else."""
    if not isinstance(schema, dict) or schema.get("type") not in RECORDS:
        return ""
    return _full(str(schema.get("name")), str(schema.get("namespace") or ""))


def check(schema: Schema) -> None:
    """Refuse a schema that cannot be decoded safely: work and memory must follow from the bytes.

    Raises IncompatibleSchema for a record that contains itself, for fields and items that take no
    bytes, for types nested too deep or too many, and for what is no schema at all.
    """
    try:
        _Walk().extent(schema, "", ())
    except (TypeError, AttributeError, LookupError, RecursionError) as exc:
        raise IncompatibleSchema(f"this is no Avro schema: {type(exc).__name__} {exc}") from exc


class _Extent(NamedTuple):
    """Whether the values of a type take no bytes at all, and how many types are nested in it."""

    empty: bool
    height: int


class _Walk:
    """One check; it keeps the extent of every named type met so far."""

    def __init__(self) -> None:
        self._known: dict[str, _Extent] = {}
        self._types = 0

    def extent(self, schema: Schema, space: str, inside: tuple[str, ...]) -> _Extent:
        """Check `schema`, which stands in the records `inside`."""
        self._types += 1
        if self._types > TYPES_MAX or len(inside) > HEIGHT_MAX:
            raise IncompatibleSchema("it has too many types, or they are nested too deep")
        if isinstance(schema, list):
            return self._union(schema, space, inside)
        if isinstance(schema, str):
            return self._name(_full(schema, space), schema, inside)
        match schema.get("type"):
            case "record" | "error":
                return self._record(schema, space, inside)
            case "enum" | "fixed" as kind:
                full = _full(schema["name"], schema.get("namespace", space))
                empty = kind == "fixed" and schema["size"] < 1
                return self._know(full, _Extent(empty, 1))
            case "array":
                return _around([self._taking(schema["items"], "an array's item", space, inside)])
            case "map":
                return _around([self.extent(schema["values"], space, inside)])
            case written_out:  # {"type": "string"} and the like
                return self.extent(written_out, space, inside)

    def _union(self, branches: list[Schema], space: str, inside: tuple[str, ...]) -> _Extent:
        if len(branches) > BRANCHES_MAX:
            raise IncompatibleSchema(
                f"a union of {len(branches)} types is searched for every value"
            )
        return _around([self.extent(branch, space, inside) for branch in branches])

    def _name(self, full: str, name: str, inside: tuple[str, ...]) -> _Extent:
        if name in PRIMITIVES:
            return _Extent(name == "null", 1)
        if full in inside or name in inside:
            raise IncompatibleSchema(
                f"{full} contains itself ({' in '.join((*inside, full))}); a deep record of a"
                " recursive schema crashes the decoder",
                fix="flatten it, or carry the nested part as text or bytes",
            )
        return self._known.get(full, self._known.get(name, _Extent(False, 1)))

    def _record(self, schema: Schema, space: str, inside: tuple[str, ...]) -> _Extent:
        full = _full(schema["name"], schema.get("namespace", space))
        space, within = full.rpartition(".")[0], (*inside, full)
        fields = [
            self._taking(field["type"], f"field {field['name']} of {full}", space, within)
            for field in schema["fields"]
        ]
        return self._know(full, _around(fields)._replace(empty=not fields))

    def _taking(self, schema: Schema, what: str, space: str, inside: tuple[str, ...]) -> _Extent:
        extent = self.extent(schema, space, inside)
        if extent.empty:
            raise IncompatibleSchema(
                f"{what} takes time and memory, and no bytes: it is {schema!r:.80}",
                fix="leave it out, or give it at least one field that has a value",
            )
        return extent

    def _know(self, full: str, extent: _Extent) -> _Extent:
        self._known[full] = extent
        return extent


def _around(inner: list[_Extent]) -> _Extent:
    height = 1 + max((extent.height for extent in inner), default=0)
    if height > HEIGHT_MAX:
        raise IncompatibleSchema(f"its types are nested more than {HEIGHT_MAX} deep")
    return _Extent(False, height)


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def event_classes() -> tuple[type, ...]:
    """Return every event class there is."""
    return tuple(kind for kinds in AREAS.values() for kind in kinds)
