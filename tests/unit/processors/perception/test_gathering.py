"""Gathering: one call at a time, everyone's own vectors, and nobody harmed by another's leaving."""

import asyncio
from collections.abc import Sequence

import pytest

from processors.perception.gathering import Gathered
from processors.perception.ports import Encoded
from streams.errors import ModelAway
from tests.unit.processors.examples import ENCODER


class Gated:
    """An encoder that answers when it is let: its vectors are the texts."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.away = False
        self.gate = asyncio.Semaphore(0)
        self.asked = asyncio.Semaphore(0)

    async def encode(self, texts: Sequence[str]) -> Encoded:
        self.calls.append(list(texts))
        self.asked.release()
        await self.gate.acquire()
        if self.away:
            raise ModelAway("the encoder is away")
        return Encoded(ENCODER, [text.encode() for text in texts], list(map(len, texts)))


async def asked(gathered: Gathered, *texts: str) -> "asyncio.Task[Encoded]":
    """Ask, and return once the texts lie with the encoder or wait for it."""
    task = asyncio.create_task(gathered.encode(list(texts)))
    await asyncio.sleep(0)
    return task


async def busy(encoder: Gated, texts_max: int = 64) -> tuple[Gathered, "asyncio.Task[Encoded]"]:
    gathered = Gathered(encoder, texts_max)
    first = await asked(gathered, "first")
    await encoder.asked.acquire()
    return gathered, first


async def test_a_text_that_is_alone_is_encoded_at_once() -> None:
    encoder = Gated()
    encoder.gate.release()
    assert await Gathered(encoder).encode(["a", "b"]) == Encoded(ENCODER, [b"a", b"b"], [1, 1])
    assert encoder.calls == [["a", "b"]]


async def test_texts_that_find_the_encoder_busy_share_its_next_call() -> None:
    encoder = Gated()
    gathered, first = await busy(encoder)
    others = [await asked(gathered, *texts) for texts in (["a"], ["b", "c"], ["d"])]
    assert encoder.calls == [["first"]]
    for _ in range(2):
        encoder.gate.release()
    heard = await asyncio.gather(first, *others)
    assert encoder.calls == [["first"], ["a", "b", "c", "d"]]
    assert [answer.vectors for answer in heard] == [[b"first"], [b"a"], [b"b", b"c"], [b"d"]]


async def test_a_call_takes_no_more_texts_than_it_may() -> None:
    encoder = Gated()
    gathered, first = await busy(encoder, texts_max=3)
    others = [await asked(gathered, *texts) for texts in (["a", "b"], ["c", "d"], ["e"])]
    for _ in range(3):
        encoder.gate.release()
    await asyncio.gather(first, *others)
    assert encoder.calls == [["first"], ["a", "b"], ["c", "d", "e"]]


async def test_an_encoder_that_is_away_is_away_for_all_who_shared_the_call() -> None:
    encoder = Gated()
    gathered, first = await busy(encoder)
    others = [await asked(gathered, text) for text in "ab"]
    encoder.gate.release()
    assert (await first).vectors == [b"first"]
    encoder.away = True
    encoder.gate.release()
    for other in others:
        with pytest.raises(ModelAway):
            await other
    encoder.away = False
    encoder.gate.release()
    assert (await gathered.encode(["again"])).vectors == [b"again"]


async def test_who_leaves_takes_no_answer_from_the_others() -> None:
    encoder = Gated()
    gathered, first = await busy(encoder)
    leaving, staying = await asked(gathered, "a"), await asked(gathered, "b")
    leaving.cancel()
    first.cancel()
    for _ in range(2):
        encoder.gate.release()
    assert (await staying).vectors == [b"b"]
    assert leaving.cancelled()
