"""A decider that says what it looks at in its events looks at nothing else, in any state."""

from collections.abc import Iterator
from dataclasses import fields
from functools import reduce
from typing import Any

import pytest

from processors.deciders import DECIDERS
from streams.io.codec import Codec
from streams.io.standing import AnyDecider
from tests.examples import EVENTS
from tests.fakes import NumberedRegistry

NAMED = [(decider, kind) for decider in DECIDERS for kind in decider.looks_at]


def states(decider: AnyDecider) -> Iterator[Any]:
    """Yield the initial state, and those that follow as one event after the other is told."""
    history = [EVENTS[kind.__name__] for kind in decider.writes]
    for count in range(len(history) + 1):
        yield reduce(decider.evolve, history[:count], decider.initial)


def test_the_deciders_of_sessions_say_what_they_look_at() -> None:
    assert {decider.name for decider, _ in NAMED} == {"router", "orchestrator"}


@pytest.mark.parametrize(("decider", "kind"), NAMED, ids=lambda one: getattr(one, "__name__", ""))
def test_what_is_not_looked_at_changes_no_state(decider: AnyDecider, kind: type) -> None:
    names, codec = decider.looks_at[kind], Codec(NumberedRegistry())
    codec.learn(decider.topic, register=True)
    whole: Any = EVENTS[kind.__name__]
    part = codec.part(names)(codec.encode(whole))
    left_out = [f.name for f in fields(whole) if f.name not in names]
    assert set(names) < {f.name for f in fields(whole)}
    assert kind in decider.writes
    assert not any(hasattr(part, name) for name in left_out)
    for state in states(decider):
        assert decider.evolve(state, part) == decider.evolve(state, whole)
