"""The fast fold of a partition against one that takes its time and shares no shortcut with it.

Bytes are read by fastavro, headers by splitting them, values made by their own constructors; both
read histories of the real deciders, with repeats, half decisions and records that are no good.
"""

import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

import fastavro
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.systems.history import DECIDERS, History, open_wire
from replay.rebuild import Rebuilder
from streams import envelope as env
from streams.errors import Unacceptable
from streams.io import schemas
from streams.io.codec import PREFIX
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import Snapshot, SnapshotFolder
from streams.io.standing import AnyDecider, Standing
from streams.io.wire import Wire
from streams.ledger import Ledger, Marks
from streams.log import Record
from streams.plain import SAME, form_of, hash_of
from streams.topics import SESSIONS

FOLDER = Path(tempfile.gettempdir())
WIRE = open_wire(DirectoryStore(FOLDER))
HISTORY = [record for record in History(WIRE).records(700) if record.partition == 0]
SCHEMAS = {
    kind: fastavro.parse_schema(json.loads(schemas.text_of(kind)))
    for kind in schemas.event_classes()
}


def test_there_is_enough_of_everything_to_go_wrong() -> None:
    kinds = {WIRE.codec.kind_of(record.value) for record in HISTORY}
    assert kinds >= {kind for decider in DECIDERS for kind in decider.grid.reads[:1]}
    assert len(HISTORY) > 100
    assert len(kinds) == 10


# -- the slow fold


def rebuilt(value: Any) -> Any:
    """Make a value again with the constructors of its classes."""
    if is_dataclass(value):
        of: Any = type(value)
        return of(**{f.name: rebuilt(getattr(value, f.name)) for f in fields(value)})
    return tuple(map(rebuilt, value)) if isinstance(value, tuple) else value


def slowly_read(value: bytes) -> Any:
    kind = cast(Any, WIRE.codec.kind_of(value))
    body = io.BytesIO(value[PREFIX.size :])
    event = form_of(kind, SAME).load(fastavro.schemaless_reader(body, SCHEMAS[kind], None))
    if body.read(1):
        raise ValueError("bytes do not belong")
    return rebuilt(event)


def slowly_told(record: Record) -> tuple[str, env.Origin, Any]:
    head = dict(record.headers)
    author, origin = head.get("aether_processor", b"").decode().split("/")[0], None
    if author and "aether_cause" in head:
        offset, step, steps = (int(part) for part in head["aether_cause"].split(b"/"))
        if not (0 <= offset < record.offset and 0 <= step < steps):
            raise ValueError("no cause comes after")
        origin = env.Decision(cast(Any, author), env.Cause(offset, step, steps))
    for name in ("ce_id", "ce_correlationid"):
        head.get(name, b"").decode()
    if not record.key:
        raise ValueError("of no stream")
    return record.key.decode(), origin, slowly_read(record.value or b"")


def slowly_folded(records: Sequence[Record], decider: AnyDecider, position: int) -> str:
    ledger, grid = Ledger[Any](decider), decider.grid.initial
    for record in records:
        try:
            key, origin, event = slowly_told(record)
        except (ValueError, EOFError, IndexError):
            continue
        if record.offset < position and isinstance(event, decider.grid.reads):
            grid = decider.grid.evolve(grid, event)
        if isinstance(origin, env.Decision) and origin.processor == decider.name:
            ledger.recall(key, origin.cause, event)
    facts = hash_of(decider.grid.state_type, [("", grid)])
    return hash_of(decider.state_type, ledger.states.items())[:32] + facts[:32]


# -- what happens to a history


def _headed(record: Record, name: str, value: bytes) -> Record:
    head = [(n, value if n == name else v) for n, v in record.headers]
    return record._replace(headers=head)


SPOILT: Mapping[str, Callable[[Record], Record]] = {
    "as it was": lambda record: record,
    "cut short": lambda record: record._replace(value=(record.value or b"")[:-1]),
    "too long": lambda record: record._replace(value=(record.value or b"") + b"\0"),
    "of no stream": lambda record: record._replace(key=b""),
    "of another stream": lambda record: record._replace(key=b"another"),
    "of another processor": lambda record: _headed(record, "aether_processor", b"recall/1"),
    "of the future": lambda record: _headed(record, "aether_cause", b"999999/0/1"),
    "a half": lambda record: _headed(record, "aether_cause", b"3/0/2"),
    "another half": lambda record: _headed(record, "aether_cause", b"3/1/2"),
    "no cause": lambda record: _headed(record, "aether_cause", b"x/0/1"),
    "no id": lambda record: _headed(record, "ce_id", b"\xff"),
    "no run": lambda record: _headed(record, "ce_correlationid", b"\xff"),
}
Step = tuple[int, str, bool]
STEPS = st.lists(
    st.tuples(st.integers(0, len(HISTORY) - 1), st.sampled_from(sorted(SPOILT)), st.booleans()),
    max_size=40,
)


def written(steps: Sequence[Step]) -> list[Record]:
    """Return a history in which records were spoilt, or appended again later, spoilt or not."""
    there, again = list(HISTORY), dict[int, list[Record]]()
    for at, how, later in steps:
        if later:
            again.setdefault(at, []).append(SPOILT[how](HISTORY[at // 2]))
        else:
            there[at] = SPOILT[how](there[at])
    records = [r for at, record in enumerate(there) for r in (record, *again.get(at, ()))]
    return [record._replace(offset=offset) for offset, record in enumerate(records)]


def folded(records: Sequence[Record], position: int, wire: Wire = WIRE) -> list[str]:
    broker = MemoryBroker({SESSIONS.name: 1})
    broker.records[SESSIONS.name, 0] = list(records)
    none = SnapshotFolder(FOLDER / "none")
    rebuilder = Rebuilder(MemoryLog(broker), wire, none, none, {})
    standings = [Standing(decider, wire, Snapshot(0, [])) for decider in DECIDERS]
    rebuilder.fold(standings, SESSIONS.name, 0, position)
    return [standing.hash() for standing in standings]


@settings(max_examples=60)
@given(STEPS, st.integers(0, len(HISTORY) + 40))
def test_the_fast_fold_of_any_history_is_the_slow_one(steps: list[Step], position: int) -> None:
    records = written(steps)
    expected = [slowly_folded(records, decider, position) for decider in DECIDERS]
    assert folded(records, position) == expected


@given(STEPS)
def test_what_was_noted_is_what_a_reader_of_repeats_would_have_noted(steps: list[Step]) -> None:
    noted, told = Marks(), Marks()
    for record in written(steps):
        head = dict(record.headers)
        try:
            origin = env.origin_of(head, record.offset)
        except Unacceptable:
            continue
        noted.note(origin, record.key)
        told.repeats(origin, (record.key or b"").decode())
    assert noted.plain() == told.plain()
