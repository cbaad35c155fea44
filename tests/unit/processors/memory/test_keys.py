"""Of one key the fact that was said last holds, whatever order facts arrive in."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.memory.decider import memory_id
from streams.events.memory import MemoryMerged, MemoryRecorded
from tests.unit.processors.memory.stream import SCOPE, Stream, fact, offered

#: Longer than any of this takes.
LONG_MS = 10**6
KEY = "ada.city"
PARIS, ROME = "Ada lives in Paris", "Ada lives in Rome"


def holding(stream: Stream) -> str:
    known = stream.state.holding(KEY)
    recorded = {e.memory_id: e for e in stream.events if isinstance(e, MemoryRecorded)}
    live = [name for name in recorded if stream.state.is_live(name)]
    assert live == [known], "one of a key holds, and no other"
    return recorded[live[0]].content.text


def test_what_is_said_again_later_is_as_new_as_that() -> None:
    for order in permutations([(PARIS, 100), (PARIS, 300), (ROME, 200)]):
        stream = Stream()
        for text, at_ms in order:
            stream.tell(offered(fact(KEY, text, at_ms)))
        assert holding(stream) == PARIS, order


def test_what_is_said_again_in_the_very_same_way_still_holds_by_then() -> None:
    stream, paris = Stream(), fact(KEY, PARIS)
    stream.tell(offered(paris), at_ms=100)
    (merged,) = stream.tell(offered(paris), at_ms=300)
    known = memory_id(SCOPE, paris)
    assert (type(merged), merged.memory_id, merged.merged_id) == (MemoryMerged, known, known)
    assert merged.since_ms == 300
    stream.tell(offered(fact(KEY, ROME, 200)), at_ms=400)
    assert holding(stream) == PARIS
    stream.tell(offered(fact(KEY, ROME)), at_ms=500)
    assert holding(stream) == ROME


def test_what_is_kept_for_longer_is_no_older_for_that() -> None:
    stream = Stream()
    stream.tell(offered(fact(KEY, PARIS, 300), ttl_ms=LONG_MS))
    renewed, _ = stream.tell(offered(fact(KEY, PARIS, 100)))
    assert (renewed.since_ms, renewed.expires_at_ms) == (300, None)
    stream.tell(offered(fact(KEY, ROME, 200)))
    assert holding(stream) == PARIS


def test_merges_that_were_recorded_without_a_time_leave_it_as_it_was() -> None:
    stream, paris = Stream(), fact(KEY, PARIS, 200)
    stream.tell(offered(paris))
    old = MemoryMerged(
        memory_id=memory_id(SCOPE, paris),
        merged_id=memory_id(SCOPE, fact(KEY, PARIS, 300)),
        content=paris,
        offered_by=stream.events[0].offered_by,
    )
    stream.events.append(old)
    assert stream.state.kept(old.memory_id).since_ms == 200


FACTS = st.lists(
    st.tuples(
        st.integers(1, 50),
        st.sampled_from([PARIS, "ada lives in PARIS.", ROME, "Ada lives in Oslo"]),
        st.sampled_from([None, LONG_MS, LONG_MS + 5]),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda told: told[0],
)


@settings(max_examples=300, deadline=None)
@given(FACTS.flatmap(lambda facts: st.tuples(st.just(facts), st.permutations(facts))))
def test_the_fact_that_was_said_last_holds_in_every_order(
    told: tuple[list[tuple[int, str, int | None]], list[tuple[int, str, int | None]]],
) -> None:
    facts, order = told
    stream = Stream()
    for at_ms, text, ttl_ms in order:
        stream.tell(offered(fact(KEY, text, at_ms), ttl_ms))
    said_last = max(facts)[1]
    assert holding(stream).casefold().rstrip(".") == said_last.casefold().rstrip(".")
