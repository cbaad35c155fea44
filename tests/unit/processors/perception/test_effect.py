"""Perception: what becomes a vector, in which order, and who waits for the encoder how long."""

from collections.abc import Sequence

import pytest

from processors.perception.effect import (
    PerceiveCapabilities,
    PerceiveMemories,
    PerceiveRequests,
    meaning,
)
from processors.perception.ports import Encoded
from streams.errors import Fatal, ModelAway
from streams.events.memory import MemoryPerceived, MemoryRecorded
from streams.events.registry import CapabilityPerceived, CapabilityRegistered
from streams.events.sessions import TextPerceived
from streams.ids import MemoryId, RunId, ScopeId
from tests.given import cause
from tests.unit.processors.examples import ENCODER, card, content, perception_failed, received


class Spelling:
    """An encoder whose vectors are the texts."""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded(ENCODER, [text.encode() for text in texts])


def recorded(text: str, **fields: str) -> MemoryRecorded:
    return MemoryRecorded(memory_id=MemoryId(text), content=content(text, **fields))


async def test_each_request_has_the_vector_of_what_was_said_last() -> None:
    causes = [cause(received(run, text=run * 2)) for run in ("a", "b")]
    assert list(await PerceiveRequests(Spelling()).perform(causes)) == [
        TextPerceived(
            run_id=RunId(run),
            text=run * 2,
            scopes=(ScopeId("grid"),),
            encoder=ENCODER,
            vector=(run * 2).encode(),
        )
        for run in ("a", "b")
    ]


async def test_a_memory_is_meant_with_its_heading() -> None:
    events = [recorded("a"), recorded("b", title="", section="")]
    made = await PerceiveMemories(Spelling()).perform([cause(event) for event in events])
    assert list(made) == [
        MemoryPerceived(
            memory_id=event.memory_id,
            content=event.content,
            encoder=ENCODER,
            vector=said.encode(),
        )
        for event, said in zip(events, ("Towers - Height\na", "b"), strict=True)
    ]
    assert meaning(recorded("a", section="")) == "Towers\na"


async def test_a_capability_is_its_description_and_then_its_examples() -> None:
    event = CapabilityRegistered(version=2, card=card(examples=("x", "y")))
    assert list(await PerceiveCapabilities(Spelling()).perform([cause(event)])) == [
        CapabilityPerceived(
            version=2, card=event.card, encoder=ENCODER, vectors=(b"answers questions", b"x", b"y")
        )
    ]


async def test_what_nodes_answer_has_its_topic_before_it_is_perceived() -> None:
    made: list[str] = []
    effect = PerceiveCapabilities(Spelling(), lambda topic: made.append(topic.name))
    for model in ("extractive", "work/poet"):
        await effect.perform([cause(CapabilityRegistered(version=1, card=card(model=model)))])
    assert made == ["aether.work.poet"]


def test_a_person_waits_for_a_while_and_a_memory_as_long_as_it_takes() -> None:
    away = ModelAway("the encoder is away")
    requests = PerceiveRequests(Spelling())
    assert requests.give_up(cause(received()), away) == perception_failed()
    assert requests.patience_s == 30.0
    for effect in (PerceiveMemories(Spelling()), PerceiveCapabilities(Spelling())):
        assert effect.patience_s is None
    with pytest.raises(Fatal):
        PerceiveMemories(Spelling()).give_up(cause(recorded("a")), away)
