"""What a scope keeps: each content once, whoever offers it, whenever."""

from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from processors.links import Carried
from processors.memory.decider import MEMORY_DECIDER, TEXT_MAX, Scope, memory_id
from processors.memory.turns import carry
from streams.events.memory import Kind, MemoryOffered, MemoryRecorded, MemoryRefused
from streams.ids import ScopeId
from streams.plain import form_of, hash_of
from streams.pmap import PMap
from tests.given import cause, fed, given
from tests.unit.processors.examples import content, received

OFFERED = MemoryOffered(content=content())
RECORDED = MemoryRecorded(memory_id=memory_id("k", content()), content=content())


def test_what_is_new_is_recorded() -> None:
    given(MEMORY_DECIDER).when(OFFERED).then(RECORDED)


def test_what_is_known_is_recorded_once() -> None:
    given(MEMORY_DECIDER, RECORDED).when(OFFERED).then()


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_nothing_is_not_remembered(text: str) -> None:
    given(MEMORY_DECIDER).when(MemoryOffered(content=content(text))).then(
        MemoryRefused(reason="empty", detail="there is no text to remember")
    )


def test_a_text_has_a_limit() -> None:
    (kept,) = given(MEMORY_DECIDER).when(MemoryOffered(content=content("ß" * TEXT_MAX))).decided
    assert isinstance(kept, MemoryRecorded)
    given(MEMORY_DECIDER).when(MemoryOffered(content=content("ß" * (TEXT_MAX + 1)))).then(
        MemoryRefused(reason="too_long", detail="20001 characters; at most 20000 are one memory")
    )


def test_a_refusal_leaves_no_trace_in_the_state() -> None:
    assert MEMORY_DECIDER.fold([MemoryRefused(reason="empty", detail="")]) == Scope()
    assert MEMORY_DECIDER.fold([RECORDED]) == Scope(PMap({RECORDED.memory_id: "Towers"}))


def test_a_memory_is_known_by_where_and_what_it_is() -> None:
    same = content()
    others = [
        content("other"),
        content(uri="other.md"),
        content(section="other"),
        content(speaker="ada"),
        content(kind=Kind.TURN),
        content(said_at_ms=0),
        content(said_at_ms=1),
    ]
    ids = {memory_id("k", c) for c in (same, *others)} | {memory_id("other", same)}
    assert len(ids) == 9


def test_a_better_title_is_not_another_memory() -> None:
    assert memory_id("k", content(title="other")) == memory_id("k", content())


CONTENTS = st.builds(
    content, st.text(min_size=1), uri=st.sampled_from(["a.md", "b.md"]), title=st.just("t")
)


@forall(st.lists(CONTENTS))
def test_ids_depend_on_the_content_and_not_on_when_it_was_offered(contents: list[Any]) -> None:
    offers = [MemoryOffered(content=c) for c in contents]
    forwards, _ = fed(MEMORY_DECIDER, offers)
    backwards, _ = fed(MEMORY_DECIDER, reversed(offers * 2))
    kept = {memory_id("k", c) for c in contents if c.text.strip()}
    assert {key for key, _ in forwards.memories.items()} == kept
    assert forwards == backwards
    assert hash_of(Scope, [("k", forwards)]) == hash_of(Scope, [("k", backwards)])
    form = form_of(Scope)
    assert form.load(form.dump(forwards)) == forwards


# -- turns


def test_what_a_user_says_in_a_named_session_is_offered_to_it() -> None:
    request = received(remember_in=ScopeId("session:s"))
    envelope = cause(request, key="s")
    turn = content(
        "How tall?",
        kind=Kind.TURN,
        title="",
        uri="session:s",
        section="",
        speaker="user",
        said_at_ms=envelope.recorded_at_ms,
    )
    assert carry(envelope, 4) == (Carried("session:s", MemoryOffered(content=turn)),)


def test_what_is_said_in_no_session_is_offered_to_nobody() -> None:
    assert carry(cause(received()), 4) == ()
