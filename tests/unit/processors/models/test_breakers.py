"""While a breaker is open its model is not asked, and whoever asks hears so at once."""

import asyncio

import pytest

from processors.models.breakers import Breakers
from processors.models.effect import Inferring
from processors.models.ports import Answer, Emit, Model, Piece, Refusal
from streams.errors import ModelAway
from streams.events.healing import BreakerClosed, BreakerOpened, CallsCounted
from streams.events.sessions import InferenceFailed, InferenceRequested
from streams.ids import ModelName
from tests.given import cause
from tests.unit.processors.examples import asked

NAME = ModelName("gpt")
ANSWERED = Answer("yes", (), "stop", 1, 1)
OPENED = BreakerOpened(
    target="model/gpt",
    at_ms=0,
    until_ms=30_000,
    since_ms=0,
    calls=5,
    failed=4,
    reason="4 of 5 calls failed",
)
CLOSED = BreakerClosed(target="model/gpt", at_ms=40_000, since_ms=0, reason="a trial was answered")


class Flaky:
    """A model that is away when a test says so, and waits when one says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        self.asked += 1
        await self.may_answer.wait()
        if self.away:
            raise ModelAway("gone")
        return ANSWERED


class Bench:
    """A model behind its breaker, under a clock that only the test moves."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.flaky = Flaky()
        self.breakers = Breakers(lambda: self.now_ms)
        self.model: Model = self.breakers.guard({NAME: self.flaky})[NAME]

    async def ask(self) -> Answer | Refusal:
        return await self.model.answer(asked(model=NAME), lambda _: None)

    def counted(self) -> list[tuple[int, int, int]]:
        return [(c.answered, c.failed, c.refused) for c in self.breakers.counted()]


async def test_calls_are_counted_by_what_became_of_them_once() -> None:
    bench = Bench()
    await bench.ask()
    bench.flaky.away = True
    with pytest.raises(ModelAway):
        await bench.ask()
    bench.now_ms = 7
    assert bench.breakers.counted() == [
        CallsCounted(target="model/gpt", at_ms=7, answered=1, failed=1, refused=0)
    ]
    assert bench.counted() == []


async def test_an_open_breaker_answers_at_once_and_says_why_and_until_when() -> None:
    bench = Bench()
    bench.breakers.hear(OPENED)
    bench.now_ms = 10_000
    assert await bench.ask() == Refusal(
        "breaker_open",
        "gpt is left alone: 4 of 5 calls failed; it is tried again in 20 s",
    )
    assert bench.flaky.asked == 0
    assert bench.counted() == [(0, 0, 1)]


async def test_once_the_time_is_over_one_call_at_a_time_tries_it() -> None:
    bench = Bench()
    bench.breakers.hear(OPENED)
    bench.now_ms = 30_000
    bench.flaky.may_answer.clear()
    trial = asyncio.create_task(bench.ask())
    await asyncio.sleep(0)
    assert isinstance(await bench.ask(), Refusal)
    bench.flaky.may_answer.set()
    assert await trial == ANSWERED
    assert await bench.ask() == ANSWERED
    assert bench.counted() == [(2, 0, 1)]


@pytest.mark.parametrize("how", ["away", "cancelled"])
async def test_a_trial_that_comes_to_nothing_lets_the_next_one_through(how: str) -> None:
    bench = Bench()
    bench.breakers.hear(OPENED)
    bench.now_ms, bench.flaky.away = 30_000, True
    bench.flaky.may_answer.clear()
    trial = asyncio.create_task(bench.ask())
    await asyncio.sleep(0)
    if how == "cancelled":
        trial.cancel()
    bench.flaky.may_answer.set()
    await asyncio.gather(trial, return_exceptions=True)
    bench.flaky.away = False
    assert await bench.ask() == ANSWERED


async def test_a_closed_breaker_lets_everything_through_again() -> None:
    bench = Bench()
    bench.breakers.hear(OPENED)
    bench.breakers.hear(CLOSED)
    assert [await bench.ask() for _ in range(3)] == [ANSWERED] * 3


async def test_a_request_of_a_model_that_is_left_alone_fails_in_the_log_and_is_not_tried() -> None:
    bench = Bench()
    bench.breakers.hear(OPENED)
    effect = Inferring({NAME: bench.model}, _Nowhere())
    outcomes = await effect.perform([cause(asked(model=NAME))])
    assert [type(outcome) for outcome in outcomes] == [InferenceFailed]
    assert outcomes[0].reason == "breaker_open"
    assert bench.flaky.asked == 0


class _Nowhere:
    def publish(self, request: InferenceRequested, start: int, piece: Piece) -> None:
        """Nobody listens."""
