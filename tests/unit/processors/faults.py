"""The check of a log that crashes went over: it must be as if there had been none."""

from typing import Any

from streams.dead_letters import OFFSET
from streams.decider import Decider
from streams.envelope import CAUSATION, ID, Decision, origin_of
from streams.errors import Poison
from streams.ledger import Marks
from tests.unit.processors.crash_world import World
from tests.unit.processors.toy_parts import ADDER, COUNTER, Looking


def faults(world: World) -> list[str]:
    """Say in what the log differs from one that was written without any disturbance.

    Every input, in the order of the log, is decided anew from what came before it; what the log
    holds, repeats dropped, must be exactly that.
    """
    found = _contradictions(world)
    for decider in (COUNTER, ADDER):
        found += _wrong_decisions(world, decider)
    return found + _wrong_outcomes(world)


def _contradictions(world: World) -> list[str]:
    contents: dict[bytes, tuple[bytes | None, bytes | None]] = {}
    places: dict[tuple[str, int, int], bytes] = {}
    found = []
    for record in world.records():
        head = dict(record.headers)
        event_id, decision = head.get(ID), origin_of(head, record.offset)
        if event_id is None:
            continue
        content = record.key, record.value
        if contents.setdefault(event_id, content) != content:
            found.append(f"two contents under the id of {record.offset}")
        if isinstance(decision, Decision):
            place = decision.processor, decision.cause.offset, decision.cause.step
            if places.setdefault(place, event_id) != event_id:
                found.append(f"two ids for the decision at {record.offset}")
    return found


def _wrong_decisions(world: World, decider: Decider[Any, Any, Any, Any]) -> list[str]:
    found, states, grid, marks = list[str](), dict[str, Any](), decider.grid.initial, Marks()
    written, parked = _written_by(world, decider), letters_at(world)
    for record in world.records():
        if marks.repeats(
            origin_of(dict(record.headers), record.offset), (record.key or b"").decode()
        ):
            continue
        expected: tuple[Any, ...] = ()
        try:
            cause = world.wire.open(record)
            kind = type(cause.event)
            if kind in decider.grid.reads:
                grid = decider.grid.evolve(grid, cause.event)
            if kind in decider.reads:
                expected = decider.decide(states.get(cause.key, decider.initial), cause, grid)
        except Poison:
            if record.offset not in parked:
                found.append(f"poison at {record.offset} is not parked")
        got = written.get(record.offset, [])
        if list(expected) != got:
            found.append(f"{decider.name} at {record.offset}: {got} instead of {expected}")
        if expected:
            states[cause.key] = decider.fold(expected, states.get(cause.key, decider.initial))
    return found


def _written_by(world: World, decider: Decider[Any, Any, Any, Any]) -> dict[int, list[Any]]:
    written, marks = dict[int, list[Any]](), Marks()
    for record in world.records():
        decision, key = origin_of(dict(record.headers), record.offset), (record.key or b"").decode()
        if not isinstance(decision, Decision) or decision.processor != decider.name:
            continue
        if marks.repeats(decision, key):
            continue
        written.setdefault(decision.cause.offset, []).append(world.wire.open(record).event)
    return written


def _wrong_outcomes(world: World) -> list[str]:
    marks, asked, answered = Marks(), dict[bytes, list[bytes]](), dict[bytes, list[bytes]]()
    for record in world.records():
        head, key = dict(record.headers), record.key or b""
        origin = origin_of(head, record.offset)
        if origin is None or marks.repeats(origin, key.decode()):
            continue
        if origin.processor == Looking.name:
            answered.setdefault(key, []).append(head[CAUSATION])
        elif origin.processor == COUNTER.name:
            asked.setdefault(key, []).append(head[ID])
    return [] if asked == answered else ["outcomes do not follow their requests, one for each"]


def letters_at(world: World) -> set[int]:
    """Return the offsets whose records were parked."""
    return {int(dict(letter.headers)[OFFSET]) for letter in world.letters()}
