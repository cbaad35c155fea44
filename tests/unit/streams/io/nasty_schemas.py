"""Decodes nasty records under nasty schemas of our names; run by itself, because it may crash.

`python -m tests.unit.streams.io.nasty_schemas SEED CASES` prints what became of them as JSON. Every
case must end in an event that is wholly ours, in Undecodable, or in UnknownSchema.
"""

import io
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
from fastavro.utils import generate_one

from streams.errors import Undecodable, UnknownSchema
from streams.io import schemas
from streams.io.avro_parts import varint
from streams.io.codec import PREFIX, Codec
from streams.io.compiled import compile_for
from tests.fakes import NumberedRegistry

MEMORY_MAX = 3 << 30
BODY_MAX = 20_000

Chance = random.Random
Schema = Any
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
LOGICAL = ("uuid", "decimal", "date", "timestamp-millis", "time-micros", "duration")


class Nasty:
    """Makes schemas that may or may not keep the rules."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._names: list[str] = []

    def name(self) -> str:
        self._names.append(f"N{len(self._names)}")
        return self._names[-1]

    def any(self, depth: int = 0) -> Schema:
        """Return any type; named ones may be referred to again, also from inside themselves."""
        chance = self._chance
        if depth > 6 or chance.random() < 0.3:
            return chance.choice(PRIMITIVES)
        kinds: list[Callable[[int], Schema]] = [
            self._record, self._union, self._array, self._map, self._fixed, self._enum,
            self._logical, self._again,
        ]  # fmt: skip
        return chance.choice(kinds)(depth + 1)

    def changed(self, schema: Schema) -> Schema:
        """Return one of our schemas with some fields more, less, elsewhere or of another type."""
        chance = self._chance
        fields = [dict(field) for field in schema["fields"]]
        for field in fields:
            if isinstance(field["type"], dict) and field["type"].get("type") == "record":
                field["type"] = self.changed(field["type"])
            if chance.random() < 0.1:
                field["type"] = self._near(field["type"])
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            added = {"name": f"extra{chance.randrange(10**9)}", "type": self.any()}
            fields.insert(chance.randint(0, len(fields)), added)
        if fields and chance.random() < 0.05:
            fields.pop(chance.randrange(len(fields)))
        if chance.random() < 0.1:
            chance.shuffle(fields)
        return {**schema, "fields": fields}

    def _near(self, kind: Schema) -> Schema:
        """Return what Avro's rules may resolve to a type, or nearly."""
        chance = self._chance
        match chance.randrange(5):
            case 0:
                return [kind, *chance.sample(PRIMITIVES, 3)] if isinstance(kind, str) else [kind]
            case 1:
                return {"type": kind, "logicalType": chance.choice(LOGICAL)}
            case 2:
                return chance.choice(PRIMITIVES)
            case 3:
                return {"type": "array", "items": kind}
            case _:
                return self.any()

    def _record(self, depth: int) -> Schema:
        name, count = self.name(), self._chance.choice((0, 1, 2, 2, 3, 30))
        made = [{"name": f"f{n}", "type": self.any(depth)} for n in range(count)]
        return {"type": "record", "name": name, "fields": made}

    def _union(self, depth: int) -> Schema:
        branches = self._chance.sample(PRIMITIVES, self._chance.randint(1, 4))
        return [*branches, *([self._record(depth)] if self._chance.random() < 0.3 else [])]

    def _array(self, depth: int) -> Schema:
        return {"type": "array", "items": self.any(depth)}

    def _map(self, depth: int) -> Schema:
        return {"type": "map", "values": self.any(depth)}

    def _fixed(self, _: int) -> Schema:
        size = self._chance.choice((-1, 0, 1, 16, 2**62, 2**70))
        return {"type": "fixed", "name": self.name(), "size": size}

    def _enum(self, _: int) -> Schema:
        return {"type": "enum", "name": self.name(), "symbols": ["a", "b"]}

    def _logical(self, _: int) -> Schema:
        made = {
            "type": self._chance.choice(PRIMITIVES),
            "logicalType": self._chance.choice(LOGICAL),
        }
        return {**made, "precision": 2**40, "scale": 3}

    def _again(self, depth: int) -> Schema:
        return self._chance.choice(self._names) if self._names else self.any(depth)


def bodies(chance: Chance, schema: Schema) -> list[bytes]:
    """Return records: a true one, that one spoilt, and some that are nothing but greed."""
    huge = varint(chance.choice((2**62, -(2**62), -(2**63), 10**6)))
    found = [
        huge * 3 + bytes(BODY_MAX),
        b"\2" * BODY_MAX,
        bytes(BODY_MAX),
        b"\xff" * 40,
        chance.randbytes(chance.randint(0, 300)),
    ]
    try:
        out, parsed = io.BytesIO(), fastavro.parse_schema(schema)
        fastavro.schemaless_writer(out, parsed, generate_one(parsed))
    except Exception:  # noqa: BLE001 - not every one of these schemas can be written with
        return found
    true = out.getvalue()
    if true:
        at = chance.randrange(len(true))
        found += [true, true[:at], true[:at] + huge + true[at:], true + b"\0"]
    return found


def decode(schema: Schema, kind: type, chance: Chance, told: Counter[str]) -> None:
    """Decode records of one schema and count what became of them."""
    registry = NumberedRegistry()
    codec = Codec(registry)
    prefix = PREFIX.pack(0, registry.register("x", json.dumps(schema)))
    try:
        assert codec.kind_of(prefix) is kind
    except UnknownSchema:
        told["refused schemas"] += 1
        return
    for body in bodies(chance, schema):
        began = time.process_time()
        try:
            event = codec.decode(prefix + body)
            assert type(event) is kind
            again = compile_for(kind)
            assert again.read(bytes(PREFIX.size) + again.write(event)) == event
            told["events"] += 1
        except Undecodable:
            told["refused records"] += 1
        took = time.process_time() - began
        if took > told["slowest_ms"] / 1000:
            told["slowest_ms"] = int(took * 1000)


def _peak_mb() -> int:
    """Return the most memory this program has held; `ru_maxrss` remembers its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main(seed: int, cases: int) -> None:
    """Run the cases of one seed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    chance, told = Chance(seed), Counter[str]()
    for case in range(cases):
        kind = chance.choice(schemas.event_classes())
        nasty = Nasty(chance)
        schema = nasty.changed(json.loads(schemas.text_of(kind)))
        sys.stderr.write(f"seed {seed} case {case}\n")
        decode(schema, kind, chance, told)
    told["peak_mb"] = _peak_mb()
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
