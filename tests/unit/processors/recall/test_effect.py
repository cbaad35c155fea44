"""What is recalled for a request, as the event says it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from processors.recall.effect import Recalling, newest
from processors.recall.library import Library, Recalled
from processors.recall.ports import Entry
from processors.recall.ranking import UNTRAINED, weights
from streams.envelope import Envelope
from streams.errors import IndexAway
from streams.events.memory import Content, Kind
from streams.events.sessions import ContextRecalled, RecallFailed, TextPerceived
from streams.ids import EventId, MemoryId, RunId, ScopeId
from tests.unit.processors.recall.shelves import (
    ENCODER,
    GRID,
    PlainIndex,
    bag,
    content,
    memory,
)

RUN = RunId("r")
MAY = int(datetime(2023, 5, 8, 13, tzinfo=UTC).timestamp() * 1000)


class Encoded(NamedTuple):
    encoder: str
    vectors: list[bytes]


class Bag:
    """The encoder of the tests' vectors; it writes down what it is asked."""

    def __init__(self, name: str = ENCODER) -> None:
        self.name = name
        self.asked: list[str] = []

    async def encode(self, texts: Sequence[str]) -> Encoded:
        self.asked += texts
        return Encoded(self.name, [bag(text) for text in texts])


def cause(text: str, at_ms: int = MAY) -> Envelope[TextPerceived]:
    event = TextPerceived(run_id=RUN, text=text, scopes=(GRID,), encoder=ENCODER, vector=bag(text))
    return Envelope(event, EventId("e"), "s", "t", 0, 0, at_ms, RUN, {})


async def recalled(effect: Recalling, text: str, at_ms: int = MAY) -> ContextRecalled:
    (event,) = await effect.perform([cause(text, at_ms)])
    assert isinstance(event, ContextRecalled)
    return event


async def test_a_turn_is_told_with_its_speaker_and_its_day() -> None:
    library = Library(PlainIndex())
    await library.put([memory(content("we met yesterday", "Ada", MAY))])
    (passage,) = (await recalled(Recalling(library, Bag()), "When did you meet?")).passages
    assert passage.text == "Ada: we met yesterday"
    assert passage.section == "Monday, 08 May 2023"


async def test_the_encoder_is_asked_again_only_for_a_question_with_a_name() -> None:
    library, encoder = Library(PlainIndex()), Bag()
    await library.put([memory(content("tea", "Ada"))])
    effect = Recalling(library, encoder)
    await recalled(effect, "What is there?")
    assert encoder.asked == []
    await recalled(effect, "What does Ada drink?")
    assert encoder.asked == ["What does drink?"]


async def test_what_had_expired_when_the_request_came_is_not_told() -> None:
    library = Library(PlainIndex())
    await library.put([memory("tea", expires_at_ms=MAY)])
    effect = Recalling(library, Bag())
    assert (await recalled(effect, "tea", MAY)).passages == ()
    assert len((await recalled(effect, "tea", MAY - 1)).passages) == 1


async def test_no_more_is_told_than_the_event_may_carry() -> None:
    library = Library(PlainIndex())
    await library.put([memory(f"tea {n} " + "x" * 100, n) for n in range(9)])
    short = Recalling(library, Bag(), characters_max=250)
    assert len((await recalled(short, "tea")).passages) == 2
    least = Recalling(library, Bag(), characters_max=1)
    assert len((await recalled(least, "tea")).passages) == 1
    few = Recalling(library, Bag(), limit=3)
    assert len((await recalled(few, "tea")).passages) == 3


async def test_one_that_does_not_fit_leaves_room_for_the_next() -> None:
    library = Library(PlainIndex())
    told = ["tea at four", "tea at four " + "x" * 100, "tea"]
    await library.put([memory(text, n) for n, text in enumerate(told)])
    effect = Recalling(library, Bag(), weights(meaning=1.0), characters_max=20)
    event = await recalled(effect, "tea at four")
    assert [passage.text for passage in event.passages] == ["tea at four", "tea"]


def a_fact(name: str, since_ms: int, key: str = "ada.city", scope: str = GRID) -> Recalled:
    told = Content(
        kind=Kind.FACT,
        text=name,
        title="",
        uri="",
        section="",
        speaker="",
        said_at_ms=None,
        key=key,
    )
    return Recalled(Entry(MemoryId(name), ScopeId(scope), told, 0, since_ms), 0.5, 1.0)


def test_of_two_facts_of_one_key_the_newer_is_told() -> None:
    old, new = a_fact("Rome", 1), a_fact("Paris", 2)
    assert newest([old, new]) == [new]
    other = a_fact("Oslo", 1, "bob.city")
    elsewhere = a_fact("Rome", 1, scope="user:x")
    assert newest([new, other, elsewhere]) == [new, other, elsewhere]
    plain = [a_fact(str(n), n, key="") for n in range(2)]
    assert newest(plain) == plain


def test_a_memory_out_of_reach_fails_the_recall() -> None:
    effect = Recalling(Library(PlainIndex()), Bag())
    failed = effect.give_up(cause("tea"), IndexAway("no answer"))
    assert failed == RecallFailed(run_id=RUN, detail="no answer")


class Shrunk(Bag):
    """Another encoder, whose vectors are of another length: to compare them is an error."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded("shrunk", [bag(text)[:8] for text in texts])


async def test_vectors_of_another_encoder_are_not_compared() -> None:
    library = Library(PlainIndex())
    await library.put([memory(content("tea", "Ada"))])
    effect = Recalling(library, Shrunk())
    assert len((await recalled(effect, "What does Ada drink?")).passages) == 1


async def test_a_recall_says_by_which_weights_it_ranked() -> None:
    library = Library(PlainIndex())
    await library.put([memory("tea at four", 0), memory("what is it", 1)])
    effect = Recalling(library, Bag())
    assert (await recalled(effect, "When is tea?")).weights == UNTRAINED.name
    library.by = weights(asks=1.0)
    assert (await recalled(effect, "When is tea?")).weights == library.by.name
