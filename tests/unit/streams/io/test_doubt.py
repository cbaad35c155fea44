"""Who says that a schema is not known, and when that is believed."""

from dataclasses import dataclass, field

import pytest

from streams.errors import RegistryAway, UnknownSchema
from streams.io.doubt import SETTLED_S, Doubting


@dataclass
class Starting:
    """A registry on a clock of its own; `away` and what it has read are set from outside."""

    at_once: int = 1
    now_s: float = 1_000.0
    away: bool = False
    read: set[int] = field(default_factory=set)

    def schema(self, schema_id: int) -> str:
        if self.away:
            raise RegistryAway("no answer")
        if schema_id not in self.read:
            raise UnknownSchema(f"schema {schema_id} not found")
        return "a schema"

    def check(self, subject: str, schema: str) -> None:
        raise NotImplementedError

    def register(self, subject: str, schema: str) -> int:
        raise NotImplementedError

    def id_of(self, subject: str, schema: str) -> int | None:
        raise NotImplementedError


@pytest.fixture
def registry() -> Starting:
    return Starting()


@pytest.fixture
def doubting(registry: Starting) -> Doubting:
    return Doubting(registry, lambda: registry.now_s)


def doubts(doubting: Doubting, schema_id: int = 7) -> bool:
    with pytest.raises((RegistryAway, UnknownSchema)) as told:
        doubting.schema(schema_id)
    return told.type is RegistryAway


def test_one_that_has_just_been_heard_of_is_asked_again(
    registry: Starting, doubting: Doubting
) -> None:
    assert doubts(doubting)
    registry.now_s += SETTLED_S / 2
    assert doubts(doubting)
    registry.read.add(7)
    assert doubting.schema(7) == "a schema"


def test_one_that_keeps_saying_so_is_believed(registry: Starting, doubting: Doubting) -> None:
    assert doubts(doubting)
    registry.now_s += SETTLED_S
    assert not doubts(doubting)


def test_however_rarely_it_is_asked(registry: Starting, doubting: Doubting) -> None:
    assert doubts(doubting)
    registry.now_s += 100 * SETTLED_S
    assert not doubts(doubting)


def test_what_else_is_asked_for_meanwhile_waits_no_longer(
    registry: Starting, doubting: Doubting
) -> None:
    registry.read.add(1)
    for _ in range(5):
        doubting.schema(1)
        registry.now_s += SETTLED_S / 2
    assert not doubts(doubting)
    assert not doubts(doubting, 8), "many unknown ones are no reason to wait for each"


def test_after_an_outage_doubt_begins_anew(registry: Starting, doubting: Doubting) -> None:
    assert doubts(doubting)
    registry.now_s += SETTLED_S / 2
    registry.away = True
    assert doubts(doubting)
    registry.away = False
    registry.now_s += SETTLED_S / 2
    assert doubts(doubting)


def test_one_that_was_not_asked_for_long_may_have_been_started_anew(
    registry: Starting, doubting: Doubting
) -> None:
    registry.read.add(1)
    doubting.schema(1)
    registry.now_s += SETTLED_S
    assert doubts(doubting)
