"""What is kept for a time: let go of in order, each once, and without copying what is left."""

from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.memory.decider import MEMORY_DECIDER
from streams.events.memory import (
    MemoryExpired,
    MemoryForgotten,
    MemoryRecorded,
    MemorySuperseded,
)
from streams.ids import MemoryId
from tests.unit.processors.memory.stream import Stream, forget, offered, passage


def test_letting_go_copies_nothing_until_the_next_one_comes() -> None:
    stream = Stream()
    for number in range(9):
        stream.tell(offered(passage(f"tea {number}"), ttl_ms=100 + number), at_ms=0)
    state = stream.state
    gone = [MemoryExpired(memory_id=known, expired_at_ms=at) for at, known in state.due(105)]
    after = reduce(MEMORY_DECIDER.evolve, gone, state)
    assert (len(gone), after.expiring is state.expiring) == (6, True)
    assert [at for at, _ in after.due(200)] == [106, 107, 108]
    stream.events += gone
    stream.tell(offered(passage("late"), ttl_ms=7), at_ms=100)
    assert [at for at, _ in stream.state.expiring] == [106, 107, 107, 108]


STEPS = st.tuples(st.integers(0, 20), st.integers(0, 9), st.sampled_from([None, 1, 5, 9, 30]))


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_whatever_is_forgotten_meanwhile_each_expires_once_and_in_time(
    steps: list[tuple[int, int, int | None]],
) -> None:
    stream, now_ms = Stream(), 0
    ends: dict[str, int] = {}
    for wait_ms, number, ttl_ms in steps:
        now_ms += wait_ms
        named = sorted(ends)
        is_forgetting = number == 0 and bool(named)
        offer = offered(passage(f"tea {number}"), ttl_ms)
        due = sorted((at, known) for known, at in ends.items() if at <= now_ms)
        decided = stream.tell(forget(MemoryId(named[0])) if is_forgetting else offer, at_ms=now_ms)
        expired = [e for e in decided if isinstance(e, MemoryExpired)]
        assert [(e.expired_at_ms, e.memory_id) for e in expired] == due
        for event in decided:
            if isinstance(event, MemoryRecorded) and event.expires_at_ms is not None:
                ends[event.memory_id] = event.expires_at_ms
            if isinstance(event, MemoryExpired | MemoryForgotten | MemorySuperseded):
                ends.pop(event.memory_id, None)
