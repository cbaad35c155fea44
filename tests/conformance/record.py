"""Writes the vectors that every client is held to: `python -m tests.conformance.record`.

They come from the grid's own floors, so a client that agrees with them agrees with the grid. Bytes
inside of an event are written as `{"$bytes": base64}`, whole numbers that not every language reads
exactly from JSON as `{"$long": text}`; everything else is JSON as it stands.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from streams import envelope as env
from streams.events import AREAS
from streams.ids import EventId, ProcessorName, RunId, derived, minted, of_decision, of_position
from streams.io import schemas
from streams.io.codec import Codec
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.partitioner import murmur2, partition_of
from streams.topics import TOPICS, work_of
from tests import examples as x
from tests.fakes import NumberedRegistry

FOLDER = Path(__file__).parent / "vectors"

KEYS = 10_000
#: A key is one of these, a hyphen and its number.
WORDS = (
    "ada",
    "session",
    "größe",
    "Ключ",
    "鍵",
    "مفتاح",
    "🔑",
    "e\u0301",
    "a b/c:d",
    "İ\u00df\u200d",
)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
COUNTS = (4, 12, 36)

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
EXACT = 2**53  # beyond it, JSON's numbers are not the same everywhere
TEXT = "Grüße 🌍 \u0000 \u2028 e\u0301 " + "x" * 200

AT_MS = 1_732_551_096_007
CHANCE = bytes(range(0xF6, 0x100))


def key(number: int) -> str:
    """Return the key of a number."""
    return f"{WORDS[number % len(WORDS)]}-{number}"


def plain(value: Any) -> Any:
    """Return an event, or a part of one, as JSON."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, bytes):
        return {"$bytes": packed(value)}
    if isinstance(value, int) and abs(value) >= EXACT:
        return {"$long": str(value)}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


def packed(content: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(content).decode()


def events() -> dict[str, Any]:
    """Return an event of every class, and some at the edges, each as bytes; and what to refuse."""
    registry = NumberedRegistry()
    codec, known = Codec(registry), dict[str, Any]()
    told = []
    for topic in TOPICS:
        codec.learn(topic, register=True)
    for topic, kind in [(t, kind) for t in TOPICS for kind in AREAS[t.name.split(".")[1]]]:
        name = schemas.full_name(kind)
        known[name] = {
            "schema": str(schemas.path_of(kind).relative_to(schemas.ROOT)),
            "type": schemas.ce_type(kind),
            "topic": topic.name,
        }
    for event in [*x.EVENTS.values(), *_edges()]:
        frame = codec.encode(event)
        name = schemas.full_name(type(event))
        known[name]["id"] = int.from_bytes(frame[1:5], "big")
        told.append({"event": name, "says": plain(event), "frame": packed(frame)})
    whole = codec.encode(x.EVENTS["RunFailed"])
    refused = {
        "empty": b"",
        "shorter than a frame": whole[:4],
        "another magic": b"\x01" + whole[1:],
        "cut": whole[:-1],
        "left over": whole + b"\x00",
        "an endless text": whole[:5] + b"\xff" * 8 + b"\x01",
    }
    return {
        "kinds": known,
        "events": told,
        "refused": {why: packed(frame) for why, frame in refused.items()},
    }


def _edges() -> Iterator[Any]:
    examples: dict[str, Any] = x.EVENTS
    asked = examples["RequestReceived"]
    options = replace(x.OPTIONS, max_tokens=LONG_MAX, seed=LONG_MIN, temperature=-0.0, stop=())
    yield replace(asked, text=TEXT, messages=(), options=options, scopes=(), remember_in=None)
    exact = replace(x.OPTIONS, max_tokens=EXACT - 1, seed=1 - EXACT)
    yield replace(asked, options=exact)
    yield replace(asked, text="", options=type(options)())
    yield replace(examples["TextPerceived"], vector=bytes(range(256)))
    yield replace(examples["RequestRouted"], confidence=5e-324, margin=-1.7976931348623157e308)
    yield replace(examples["CapabilityOffered"], card=replace(x.CARD, cost=None, latency_ms=None))


def partitions() -> dict[str, Any]:
    """Return the partition of every key, as one digit (base 36) each."""
    keys = [key(number).encode() for number in range(KEYS)]
    return {
        "rule": "key n is words[n % len(words)] + '-' + n, as UTF-8",
        "words": list(WORDS),
        "partitions": {
            str(n): "".join(DIGITS[partition_of(each, n)] for each in keys) for n in COUNTS
        },
        "murmur2": {word: murmur2(word.encode()) for word in ("", "21", "foobar", *WORDS)},
    }


def ids() -> dict[str, Any]:
    """Return ids as they are minted at the edge, derived from a cause, and given by a position."""
    parts = (["a"], ["a", "b", 0], [""], ["größe", "🔑"], ["run", "inference", 0])
    request = EventId(minted(AT_MS, CHANCE))
    times = (0, 1, AT_MS, 2**48 - 1)
    chances = (bytes(10), CHANCE, b"\xff" * 10)
    return {
        "derived": [{"parts": each, "id": derived(*each)} for each in parts],
        "minted": [
            {"at_ms": at_ms, "chance": chance.hex(), "id": minted(at_ms, chance)}
            for at_ms in times
            for chance in chances
        ],
        "positions": [
            {"topic": topic, "partition": p, "offset": at, "id": of_position(topic, p, at)}
            for topic, p, at in (("aether.sessions.events", 3, 0), ("größe", 0, 2**40))
        ],
        "outcomes": [
            {
                "request": request,
                "name": name,
                "topic": work.name,
                "id": of_decision(request, ProcessorName(f"work/{name}"), 0),
            }
            for name in ("poet", "a-1")
            if (work := work_of(f"work/{name}")) is not None
        ],
    }


def headers() -> list[dict[str, Any]]:
    """Return the headers of some events at the edge, and of a node's outcome."""
    codec = Codec(NumberedRegistry())
    for topic in TOPICS:
        codec.learn(topic, register=True)
    trace = {
        env.TRACE_PARENT: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        env.TRACE_STATE: "vendor=größe",
    }
    cases: tuple[dict[str, Any], ...] = (
        {"event": "RequestReceived", "run": minted(AT_MS, CHANCE), "trace": trace},
        {"event": "CapabilityOffered", "node": "büro-1"},
        {"event": "InferenceCompleted", "run": "r", "cause": minted(AT_MS, CHANCE)},
    )
    return [_head(codec, number, **case) for number, case in enumerate(cases)]


def _head(
    codec: Codec,
    number: int,
    event: str,
    node: str = "local",
    run: str | None = None,
    cause: str | None = None,
    trace: dict[str, str] | None = None,
) -> dict[str, Any]:
    given = [(name, said.encode()) for name, said in (trace or {}).items()]
    if cause is not None:
        given.append((env.CAUSATION, cause.encode()))
    made = Wire(codec, DirectoryStore(FOLDER / "nowhere"), node).root(
        x.EVENTS[event],
        component="client",
        topic="t",
        key="k",
        event_id=EventId(derived("head", number)),
        at_ms=AT_MS + number * 993,
        run_id=None if run is None else RunId(run),
        trace=given,
    )
    return {
        "event": schemas.full_name(type(x.EVENTS[event])),
        "id": derived("head", number),
        "source": f"/aether/{node}/client",
        "at_ms": AT_MS + number * 993,
        "run": run,
        "cause": cause,
        "trace": trace or {},
        "headers": {name: value.decode() for name, value in made.headers},
    }


VECTORS = {"events": events, "partitions": partitions, "ids": ids, "headers": headers}


def text_of(name: str) -> str:
    """Return what a file of vectors holds."""
    return json.dumps(VECTORS[name](), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in VECTORS:
        (FOLDER / f"{each}.json").write_text(text_of(each), encoding="utf-8")
