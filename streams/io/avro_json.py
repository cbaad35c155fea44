"""Events as JSON and back, held to their Avro schema: the door for whoever has no Avro at hand.

Reading says of every value that does not fit where it stands (RFC 6901) and why. Bytes are Base64.
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

from streams.errors import Unacceptable
from streams.io import schemas
from streams.plain import form_of
from streams.text import is_wellformed

LONG, INT = 2**63, 2**31
#: So many faults are told; who has more mends these first.
FAULTS_MAX = 20
_MISSING = object()


class Fault(NamedTuple):
    """A value that does not fit: a JSON pointer to it, and why."""

    pointer: str
    detail: str


class Unfit(Unacceptable):
    """Data that is not what an event's schema says."""

    def __init__(self, kind: type, faults: list[Fault]) -> None:
        super().__init__(f"this is no {kind.__name__}: {faults[0].pointer}: {faults[0].detail}")
        self.faults = tuple(faults)


def to_json(event: Any) -> dict[str, Any]:
    """Return an event's fields as JSON has them."""
    kind: type = type(event)
    dumped: dict[str, Any] = form_of(kind).dump(event)
    return dumped


def from_json(kind: type, data: Any) -> Any:
    """Return the event that `data` says. Raises Unfit, naming every value that does not fit."""
    faults: list[Fault] = []
    schema = _schema_of(kind)
    plain = _Reading(faults, _named_in(schema)).value(schema, data, "")
    if faults:
        raise Unfit(kind, faults[:FAULTS_MAX])
    return form_of(kind).load(plain)


@cache
def _schema_of(kind: type) -> Any:
    return json.loads(schemas.text_of(kind))


def _named_in(schema: Any) -> dict[str, Any]:
    """Return the types that a schema names, wherever in it: data may pass over where that is."""
    if isinstance(schema, list):
        return {name: kind for branch in schema for name, kind in _named_in(branch).items()}
    if not isinstance(schema, dict):
        return {}
    found: dict[str, Any] = {}
    if isinstance(schema.get("name"), str) and "type" in schema:
        space = schema.get("namespace", "")
        found = {schema["name"]: schema, f"{space}.{schema['name']}": schema}
    for part in ("type", "items", "values"):
        found |= _named_in(schema.get(part))
    for field in schema.get("fields", ()):
        found |= _named_in(field["type"])
    return found


class _Reading:
    """One pass over some data, noting what does not fit."""

    def __init__(self, faults: list[Fault], named: Mapping[str, Any]) -> None:
        self._faults = faults
        self._named = named

    def value(self, schema: Any, data: Any, at: str) -> Any:
        """Return what `data` is under a schema; what is noted as a fault is never used."""
        if isinstance(schema, list):
            return self._one_of(schema, data, at)
        if isinstance(schema, str):
            known = self._named.get(schema)
            return self._plain(schema, data, at) if known is None else self.value(known, data, at)
        match schema["type"]:
            case "record":
                return self._record(schema, data, at)
            case "array" if isinstance(data, list):
                return [self.value(schema["items"], x, f"{at}/{n}") for n, x in enumerate(data)]
            case "map" if isinstance(data, dict):
                inside = schema["values"]
                return {k: self.value(inside, x, f"{at}/{_step(k)}") for k, x in data.items()}
            case "enum":
                symbols = schema["symbols"]
                known_symbol = isinstance(data, str) and data in symbols
                return data if known_symbol else self._fault(at, f"is none of {', '.join(symbols)}")
            case "array" | "map" as wanted:
                return self._fault(at, f"is not an {wanted}".replace("an map", "an object"))
            case written_out:
                return self.value(written_out, data, at)

    def _record(self, schema: Any, data: Any, at: str) -> Any:
        if not isinstance(data, dict):
            return self._fault(at, "is not an object")
        fields = {field["name"]: field for field in schema["fields"]}
        for name in data:
            if name not in fields:
                self._fault(f"{at}/{_step(name)}", f"{schema['name']} has no such field")
        found = {}
        for name, field in fields.items():
            given, place = data.get(name, _MISSING), f"{at}/{_step(name)}"
            if given is _MISSING:
                given = field.get("default", _MISSING)
            if given is _MISSING:
                self._fault(place, "is missing")
            else:
                found[name] = self.value(field["type"], given, place)
        return found

    def _one_of(self, branches: list[Any], data: Any, at: str) -> Any:
        if data is None and "null" in branches:
            return None
        others = [branch for branch in branches if branch != "null"]
        for branch in others[:-1]:
            tried = _Reading([], self._named)
            found = tried.value(branch, data, at)
            if not tried._faults:
                return found
        return self.value(others[-1], data, at)

    def _plain(self, name: str, data: Any, at: str) -> Any:
        wrong = _WRONG[name](data)
        if wrong:
            return self._fault(at, wrong)
        return float(data) if name in ("float", "double") else data

    def _fault(self, at: str, detail: str) -> None:
        self._faults.append(Fault(at, detail))


def _step(name: str) -> str:
    """Write a name as a step of a JSON pointer."""
    shown = name if is_wellformed(name) else repr(name)
    return shown[:100].replace("~", "~0").replace("/", "~1")


def _text(data: Any) -> str:
    if not isinstance(data, str):
        return "is not a string"
    return "" if is_wellformed(data) else "holds characters that are no Unicode text"


def _whole(limit: int) -> Callable[[Any], str]:
    def wrong(data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, int):
            return "is not an integer"
        return "" if -limit <= data < limit else f"is not between {-limit} and {limit - 1}"

    return wrong


def _number(data: Any) -> str:
    if isinstance(data, bool) or not isinstance(data, int | float):
        return "is not a number"
    return "" if abs(data) < 1e300 and isfinite(data) else "is no finite number"


def _bytes(data: Any) -> str:
    try:
        b64decode(data, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return "is not Base64"
    return ""


#: Says what is wrong with a value of a primitive type, or nothing.
_WRONG: Mapping[str, Callable[[Any], str]] = {
    "null": lambda data: "" if data is None else "is not null",
    "boolean": lambda data: "" if isinstance(data, bool) else "is not true or false",
    "string": _text,
    "int": _whole(INT),
    "long": _whole(LONG),
    "float": _number,
    "double": _number,
    "bytes": _bytes,
}
