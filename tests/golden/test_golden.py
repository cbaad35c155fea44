"""What was written once is read for ever, and folds to what it folded to."""

from pathlib import Path
from typing import Any

import pytest

from processors.deciders import DECIDERS
from replay.verify import Divergence, Range, verify
from streams.io import schemas
from streams.io.compiled import BODY, compile_for
from streams.io.standing import AnyDecider
from streams.plain import form_of
from streams.topics import Topic
from tests.examples import EVENTS
from tests.golden import golden

RELEASED = golden.released()
KINDS = {kind.__name__: kind for kind in schemas.event_classes()}
MISSING = "run `python -m tests.golden.record` and commit what it adds"


def holds(said: Any, found: Any) -> bool:
    """Whether all that was said is still said; fields may have been added since."""
    if isinstance(said, dict):
        return set(said) <= set(found) and all(holds(said[name], found[name]) for name in said)
    if isinstance(said, list):
        return len(said) == len(found) and all(map(holds, said, found))
    return bool(said == found)


@pytest.mark.parametrize("one", RELEASED, ids=lambda one: f"{one.event}.v{one.version}")
def test_every_released_event_says_what_it_said(one: golden.Released) -> None:
    reader = golden.reading()
    value = reader.value(one.event, one.version, one.body)
    kind: Any = KINDS[one.event]
    assert reader.codec.kind_of(value) is kind
    assert holds(one.says, form_of(kind).dump(reader.codec.decode(value)))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_schema_is_among_the_released_and_its_bytes_are_written_again(kind: type) -> None:
    found = [one for one in RELEASED if one.canonical == golden.canonical(golden.current(kind))]
    assert [one.event for one in found] == [kind.__name__], MISSING
    compiled, (one,) = compile_for(kind), found
    event = compiled.read(bytes(BODY) + one.body)
    assert compiled.write(event) == one.body


def test_every_event_class_was_released_and_everything_released_still_has_its_class() -> None:
    assert {one.event for one in RELEASED} == set(KINDS), MISSING
    assert set(EVENTS) == set(KINDS)


def test_versions_count_from_one() -> None:
    for name in KINDS:
        versions = [one.version for one in RELEASED if one.event == name]
        assert versions == list(range(1, len(versions) + 1))


@pytest.mark.parametrize("decider", DECIDERS, ids=golden.name_of)
def test_the_recorded_history_folds_to_the_recorded_state(decider: AnyDecider) -> None:
    log, wire = golden.recorded_log()
    assert golden.hashes().get(golden.name_of(decider)) == golden.folded(decider, log, wire), (
        "the state is another one: give the decider a new version, then " + MISSING
    )


@pytest.mark.parametrize("history", golden.histories(), ids=lambda path: path.stem)
@pytest.mark.parametrize("topic", {d.topic.name: d.topic for d in DECIDERS}.values(), ids=str)
def test_recorded_inputs_are_decided_as_they_were_unless_a_new_version_says_so(
    topic: Topic, history: Path
) -> None:
    log, wire = golden.recorded_log(history)
    end, wrong = log.span(topic.name, 0).end, list[Divergence]()

    def hear(divergence: Divergence) -> bool:
        wrong.extend([] if divergence.announced else [divergence])
        return True

    there = {name.partition("/")[0] for name in golden.decided_in(history)}  # others came later
    here = [d for d in DECIDERS if d.topic is topic and d.name in there]
    compared = [(d, Range(0, end, end)) for d in here]
    done = verify(compared, 0, log, wire, hear) if here else []
    assert wrong == [], "give the decider a new version, then " + MISSING
    assert all(e.decisions for e in done), "the history says nothing of a decider"


@pytest.mark.parametrize("decider", DECIDERS, ids=golden.name_of)
def test_every_version_of_a_decider_decided_in_a_recorded_history(decider: AnyDecider) -> None:
    decided = set[str]().union(*map(golden.decided_in, golden.histories()))
    assert f"{decider.name}/{decider.version}" in decided, MISSING
