"""Events' Avro schemas as JSON Schema (2020-12), for whoever reads our OpenAPI and AsyncAPI.

It says of JSON what `streams.io.avro_json` holds it to.
"""

import json
from typing import Any

from streams.io import schemas

_PLAIN: dict[str, dict[str, Any]] = {
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number"},
    "double": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
}


def json_schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of an event's data."""
    return _of(json.loads(schemas.text_of(kind)), {})


def _of(schema: Any, named: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema, list):
        return {"anyOf": [_of(branch, named) for branch in schema]}
    if isinstance(schema, str):
        return dict(_PLAIN[schema]) if schema in _PLAIN else named[schema]
    match schema["type"]:
        case "record":
            made = _record(schema, named)
        case "enum":
            made = {"type": "string", "enum": schema["symbols"]}
        case "array":
            return {"type": "array", "items": _of(schema["items"], named)}
        case "map":
            return {"type": "object", "additionalProperties": _of(schema["values"], named)}
        case written_out:
            return _of(written_out, named)
    if "doc" in schema:
        made["description"] = schema["doc"]
    named[schema["name"]] = named[f"{schema.get('namespace', '')}.{schema['name']}"] = made
    return made


def _record(schema: Any, named: dict[str, Any]) -> dict[str, Any]:
    fields = schema["fields"]
    return {
        "type": "object",
        "properties": {field["name"]: _of(field["type"], named) for field in fields},
        "required": [field["name"] for field in fields if "default" not in field],
        "additionalProperties": False,
    }
