"""What became of calls is in the log, and what was decided of breakers is heard from it."""

import asyncio
from collections.abc import Callable
from typing import Any

from cli.healing import OPEN_MAX_S
from processors.models.breakers import Breakers
from processors.models.calls import LOOK_BACK_MS, Calls
from streams.events.healing import CallsCounted
from streams.ids import EventId, ModelName, derived
from streams.io.codec import Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.wire import Wire
from streams.log import Draft
from streams.topics import OBSERVATIONS
from tests.fakes import NumberedRegistry
from tests.golden.golden import FOLDER
from tests.unit.processors.examples import asked
from tests.unit.processors.models.test_breakers import ANSWERED, CLOSED, NAME, OPENED, Flaky

#: The memory log's clock counts from here.
AT_MS = 1_700_000_000_000


class Home:
    """A log with the observations, a model behind a breaker, and what tells and hears of it."""

    def __init__(self) -> None:
        codec = Codec(NumberedRegistry())
        codec.learn(OBSERVATIONS, register=True)
        self.log = MemoryLog(MemoryBroker({OBSERVATIONS.name: 1}))
        self.wire = Wire(codec, DirectoryStore(FOLDER / "nowhere"))
        self.breakers = Breakers(lambda: 10_000)
        self.model = self.breakers.guard({NAME: Flaky()})[ModelName(NAME)]

    def tell(self, event: Any) -> None:
        draft = self.wire.root(
            event, component="test", topic=OBSERVATIONS.name, key=event.target,
            event_id=EventId(derived(repr(event))), at_ms=0,
        )  # fmt: skip
        self.log.append([draft], lambda _: None)
        self.log.serve()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Run until a condition holds, deliveries being served in between."""
        stop = asyncio.Event()
        running = asyncio.create_task(
            Calls(self.log, self.wire, self.breakers, 0.001, lambda: AT_MS).run(stop)
        )
        async with asyncio.timeout(30):
            while not condition():
                self.log.serve()
                await asyncio.sleep(0.01)
        stop.set()
        await running

    @property
    def answer(self) -> Any:
        return self.model.answer(asked(model=NAME), lambda _: None)

    def counted(self) -> list[CallsCounted]:
        records = self.log.broker.records[OBSERVATIONS.name, 0]
        events = [self.wire.open(record).event for record in records]
        return [event for event in events if isinstance(event, CallsCounted)]


async def test_what_became_of_calls_is_told_once() -> None:
    home = Home()
    assert await home.answer == ANSWERED
    await home.until(lambda: bool(home.counted()))
    await home.until(lambda: True)
    expected = CallsCounted(target="model/gpt", at_ms=10_000, answered=1, failed=0, refused=0)
    assert home.counted() == [expected]


async def test_a_breaker_that_was_opened_before_is_heard_of_and_so_is_its_end() -> None:
    home = Home()
    home.log.broker.land(Draft(OBSERVATIONS.name, 0, b"k", b"not avro", []))
    home.tell(OPENED)
    heard = home.breakers.of(NAME)
    await home.until(lambda: heard.opened == OPENED)
    assert await home.answer != ANSWERED
    home.tell(CLOSED)
    await home.until(lambda: heard.opened is None)
    assert await home.answer == ANSWERED


def test_no_breaker_is_open_for_longer_than_is_looked_back() -> None:
    assert OPEN_MAX_S * 1000 <= LOOK_BACK_MS
