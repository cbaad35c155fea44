"""Likening tells what is near within one scope, and nothing where there is nothing."""

from dataclasses import replace
from typing import Any

from processors.recall.likening import LIKE_MAX, Likening
from streams.events.memory import Content, Kind, LikenessFound, MemoryPerceived
from streams.ids import MemoryId, ScopeId
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.recall.shelves import ADA, ENCODER, GRID, PlainIndex, bag, memory


def content(text: str, kind: Kind = Kind.FACT) -> Content:
    return Content(
        kind=kind, text=text, title="", uri="", section="", speaker="", said_at_ms=None
    )  # fmt: skip


def perceived(text: str, kind: Kind = Kind.FACT, encoder: str = ENCODER) -> MemoryPerceived:
    return MemoryPerceived(
        memory_id=MemoryId(text), content=content(text, kind), encoder=encoder, vector=bag(text)
    )


async def found(likening: Likening, *events: MemoryPerceived, scope: ScopeId = ADA) -> list[Any]:
    return list(await likening.perform([enveloped(event, scope) for event in events]))


def names(outcome: LikenessFound | None) -> list[str]:
    return [] if outcome is None else [like.memory_id for like in outcome.like]


TEA, TEA_AGAIN = perceived("tea is at four today"), perceived("today tea is at four")
LATER = perceived("tea is at five tomorrow")


async def test_what_is_near_is_told_with_its_text_and_its_cosine() -> None:
    first, second = await found(Likening(PlainIndex()), TEA, TEA_AGAIN)
    assert first is None
    assert second.memory_id == TEA_AGAIN.memory_id
    assert [(like.content, like.cosine) for like in second.like] == [(TEA.content, 1.0)]
    assert second.judge == ""


async def test_what_the_index_holds_is_told_too() -> None:
    index = PlainIndex()
    held = memory(content("tea is at four today"), scope=ADA)
    await index.put([held])
    (outcome,) = await found(Likening(index), TEA_AGAIN)
    assert names(outcome) == [held.entry.memory_id]


async def test_only_with_a_judge_is_told_what_may_be_about_the_same() -> None:
    assert await found(Likening(PlainIndex()), TEA, LATER) == [None, None]
    _, outcome = await found(Likening(PlainIndex(), "judge"), TEA, LATER)
    assert (names(outcome), outcome.judge) == ([TEA.memory_id], "judge")


async def test_another_scope_is_never_told() -> None:
    index = PlainIndex()
    await index.put([memory(content("tea is at four today"), scope=GRID)])
    likening = Likening(index, "judge")
    await found(likening, TEA, scope=GRID)
    assert await found(likening, TEA_AGAIN) == [None]


async def test_turns_and_vectors_of_another_encoder_are_left_alone() -> None:
    likening = Likening(PlainIndex(), "judge")
    said = [perceived(text, Kind.TURN) for text in ("tea at four", "at four tea")]
    assert await found(likening, *said) == [None, None]
    other = replace(TEA_AGAIN, encoder="other", vector=TEA_AGAIN.vector[:-4])
    assert await found(likening, TEA, other) == [None, None]


async def test_the_same_memory_perceived_again_is_not_near_itself() -> None:
    assert await found(Likening(PlainIndex()), TEA, TEA) == [None, None]


async def test_only_the_nearest_are_told() -> None:
    many = [perceived(f"tea is at four today {n}") for n in range(LIKE_MAX + 3)]
    *_, outcome = await found(Likening(PlainIndex(), "judge"), *many)
    assert len(names(outcome)) == LIKE_MAX


async def test_where_it_is_switched_off_nothing_is_searched() -> None:
    assert await found(Likening(PlainIndex(), is_on=False), TEA, TEA_AGAIN) == [None, None]
