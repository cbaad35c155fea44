"""What was recorded is what today's decider says, or the difference is named: where, and what."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from replay.verify import Divergence, Range, Verified, verify
from streams.decider import Decider
from streams.envelope import Decision, Envelope, origin_of
from streams.io.memory_log import MemoryLog
from streams.log import Record
from tests.unit.processors.crash_world import World, make_runner
from tests.unit.processors.faults import letters_at
from tests.unit.processors.toy_events import TOPIC, Counted, Looked, Told
from tests.unit.processors.toy_parts import ADDER, COUNTER, count

SEEDS = range(24)


class Heard(list[Divergence]):
    """What was heard; reading goes on, or stops after the first."""

    def __init__(self, on: bool = True) -> None:
        super().__init__()
        self._on = on

    def __call__(self, divergence: Divergence) -> bool:
        self.append(divergence)
        return self._on


def world(seed: int, folder: Path) -> World:
    """Return a world whose log was written through kills, freezes and lost deliveries."""
    made = World(seed, folder / str(seed), make_runner)
    asyncio.run(made.run(crashes=seed % 5))
    return made


def compare(
    made: World,
    decider: Decider[Any, Any, Any, Any],
    hear: Callable[[Divergence], bool] = lambda _: True,
    **changed: Any,
) -> Verified:
    compared = Range(0, made.end(), made.end())._replace(**changed)
    (done,) = verify([(decider, compared)], 0, MemoryLog(made.broker), made.wire, hear)
    return done


def decisions(made: World, decider: Decider[Any, Any, Any, Any]) -> list[Record]:
    """Return the records in which a decider's decisions begin."""

    def begins(record: Record) -> bool:
        origin = origin_of(dict(record.headers), record.offset)
        return (
            isinstance(origin, Decision)
            and origin.processor == decider.name
            and origin.cause.step == 0
        )

    return [record for record in made.records() if begins(record)]


def rewrite(made: World, record: Record, event: Any) -> None:
    """Alter the content of a record, wherever it stands repeated."""
    head = dict(record.headers)
    for at, other in enumerate(made.records()):
        if dict(other.headers).get("ce_id") == head["ce_id"]:
            made.records()[at] = other._replace(value=made.wire.codec.encode(event))


@pytest.mark.parametrize("decider", [COUNTER, ADDER], ids=lambda d: str(d.name))
def test_what_was_decided_through_crashes_is_decided_again(decider: Any, tmp_path: Path) -> None:
    inputs = parked = 0
    for seed in SEEDS:
        made, found = world(seed, tmp_path), Heard()
        done = compare(made, decider, found)
        assert found == [], f"seed {seed}"
        assert done.divergences == 0
        inputs, parked = inputs + done.inputs, parked + done.parked
    assert inputs > 10 * len(SEEDS)
    assert (parked > 0) == (decider is COUNTER)


def test_an_altered_decision_is_shown_with_state_input_expected_and_got(tmp_path: Path) -> None:
    made = world(3, tmp_path)
    record = decisions(made, COUNTER)[4]
    written = made.wire.open(record)
    rewrite(made, record, Counted(body=written.event.body + 1))
    found = Heard()
    compare(made, COUNTER, found)
    (first, *_) = found
    origin = origin_of(written.head, written.offset)
    assert isinstance(origin, Decision)
    assert first.cause.offset == origin.cause.offset
    assert isinstance(first.state, int)
    assert first.expected[0].event == written.event
    assert first.got[0].event == Counted(body=written.event.body + 1)
    assert first.expected[0].event_id == first.got[0].event_id == written.event_id
    assert (first.version, first.announced) == (1, False)


def test_after_a_difference_the_recorded_decision_counts(tmp_path: Path) -> None:
    """One altered decision changes its key's state; what follows was decided on another one."""
    made, found = world(3, tmp_path), Heard()
    last = decisions(made, ADDER)[-1]
    rewrite(made, last, replace(made.wire.open(last).event, body=1_000))
    compare(made, ADDER, found)
    assert len(found) == 1


def test_a_missing_decision_is_a_difference(tmp_path: Path) -> None:
    made, found = world(3, tmp_path), Heard()
    record = decisions(made, COUNTER)[-1]
    origin = origin_of(dict(record.headers), record.offset)
    for at, other in enumerate(made.records()):
        if origin_of(dict(other.headers), other.offset) in (origin, _second(origin)):
            made.records()[at] = other._replace(headers=[])
    compare(made, COUNTER, found)
    assert [(d.got, len(d.expected) > 0) for d in found] == [((), True)]


def _second(origin: Any) -> Any:
    return origin._replace(cause=origin.cause._replace(step=1))


def test_an_input_that_may_still_be_decided_is_no_difference(tmp_path: Path) -> None:
    made = World(1, tmp_path, make_runner)
    value = made.wire.codec.encode(Told(body=7))
    made.broker.land(made.outside[0]._replace(key=b"x", value=value, headers=[]))
    assert compare(made, COUNTER, considered=0).divergences == 0
    assert compare(made, COUNTER).divergences == 1


def test_a_changed_decider_differs_where_it_decides_otherwise(tmp_path: Path) -> None:
    def otherwise(state: int, cause: Envelope[Told], rule: int) -> tuple[Counted, ...]:
        events = count(state, cause, rule)
        return events[:1]

    made, found = world(5, tmp_path), Heard()
    changed = replace(COUNTER, decide=otherwise, version=2)
    done = compare(made, changed, found)
    twice = [record for record in decisions(made, COUNTER) if _steps(record) == 2]
    assert (done.version, done.recorded, done.divergences) == (2, (1,), 0)
    assert done.announced == len(found) == len({_offset(record) for record in twice}) > 0
    assert all(d.announced and len(d.got) == 2 and len(d.expected) == 1 for d in found)


def test_a_decider_may_not_change_under_its_version(tmp_path: Path) -> None:
    made, found = world(5, tmp_path), Heard()
    done = compare(made, replace(COUNTER, decide=lambda *_: ()), found)
    assert (done.divergences, done.announced) == (len(found), 0)
    assert found


@pytest.mark.parametrize("version", [1, 2])
def test_what_a_decider_no_longer_reads_was_decided_on_all_the_same(
    version: int, tmp_path: Path
) -> None:
    made, found = world(5, tmp_path), Heard()
    whole = compare(made, ADDER)
    less = replace(ADDER, reads=(Told, Counted), version=version)
    done = compare(made, less, found)
    assert done.decisions == whole.decisions > len(found) > 0
    wrong = (len(found), 0) if version == 1 else (0, len(found))
    assert (done.divergences, done.announced) == wrong
    assert all(d.got and not d.expected for d in found)
    causes = [(d.cause.event, type(made.wire.open(at(made, d.cause.offset)).event)) for d in found]
    assert set(causes) == {(None, Looked)}
    assert all(d.cause.event_id == made.wire.open(at(made, d.cause.offset)).event_id for d in found)
    keys = [compare(made, less, key=key) for key in ("x", "y", "@grid")]
    assert sum(each.divergences + each.announced for each in keys) == len(found)


def at(made: World, offset: int) -> Record:
    return next(record for record in made.records() if record.offset == offset)


def test_what_a_decider_no_longer_writes_was_decided_all_the_same(tmp_path: Path) -> None:
    made, found = world(5, tmp_path), Heard()
    done = compare(made, replace(COUNTER, writes=(), decide=lambda *_: ()), found)
    assert done.divergences == len(found) == done.decisions == compare(made, COUNTER).decisions > 0


def test_what_was_decided_on_events_before_the_log_begins_is_not_compared(tmp_path: Path) -> None:
    made, found = world(5, tmp_path), Heard()
    first = decisions(made, ADDER)[0]
    origin = origin_of(dict(first.headers), first.offset)
    assert isinstance(origin, Decision)
    assert origin.cause.offset < first.offset
    made.broker.truncate(TOPIC.name, 0, first.offset)
    compared = Range(0, first.offset + len(made.records()), 0)
    verify([(ADDER, compared)], 0, MemoryLog(made.broker), made.wire, found)
    assert [d for d in found if d.cause.event is None] == []


def test_a_missing_decision_is_blamed_on_the_version_that_was_at_work(tmp_path: Path) -> None:
    made, found = world(5, tmp_path), Heard()
    always = replace(COUNTER, version=2, decide=lambda *_: (Counted(body=0),))
    done = compare(made, always, found)
    silent = [divergence for divergence in found if not divergence.got]
    assert silent
    assert all(divergence.announced for divergence in found)
    assert done.divergences == 0


def test_several_deciders_are_compared_in_one_pass(tmp_path: Path) -> None:
    made = world(3, tmp_path)
    whole = Range(0, made.end(), made.end())
    log = MemoryLog(made.broker)
    both = verify([(COUNTER, whole), (ADDER, whole)], 0, log, made.wire, lambda _: True)
    assert both == [compare(made, decider) for decider in (COUNTER, ADDER)]


def _steps(record: Record) -> int:
    origin = origin_of(dict(record.headers), record.offset)
    assert isinstance(origin, Decision)
    return origin.cause.steps


def _offset(record: Record) -> int:
    origin = origin_of(dict(record.headers), record.offset)
    assert isinstance(origin, Decision)
    return origin.cause.offset


def test_it_stops_where_its_hearer_says_so(tmp_path: Path) -> None:
    made, found = world(5, tmp_path), Heard(on=False)
    changed = replace(COUNTER, decide=lambda *_: (), version=2)
    compare(made, changed, found)
    assert len(found) == 1


def test_a_range_and_a_key_narrow_what_is_compared(tmp_path: Path) -> None:
    made = world(5, tmp_path)
    whole = compare(made, COUNTER)
    parts = [compare(made, COUNTER, key=key).inputs for key in ("x", "y", "@grid")]
    assert sum(parts) == whole.inputs
    middle = made.end() // 2
    halves = [compare(made, COUNTER, end=middle), compare(made, COUNTER, start=middle)]
    assert sum(half.inputs for half in halves) == whole.inputs
    assert letters_at(made) or whole.parked == 0
