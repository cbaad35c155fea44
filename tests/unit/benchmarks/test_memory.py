"""The memory benchmark measures the whole path, and counts what it says it counts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks._grid import Grid
from benchmarks._locomo import Asking, Conversation, read
from benchmarks._rankings import PEERS, Peers
from benchmarks._served import Remembering
from benchmarks.memory import World, shares
from processors.perception.ports import Encoded
from processors.recall.learning import learned
from processors.recall.library import Library
from processors.recall.ranking import UNTRAINED
from tests.unit.processors.recall.shelves import PlainIndex, bag

TOLD = [
    ("Ada", "Hello Bob, I bought a boat yesterday", None),
    ("Bob", "Congratulations! What colour is it?", None),
    ("Ada", "It is blue, like the sea", "a blue boat on a lake"),
    ("Bob", "My sister moved to Oslo", None),
]


def sample() -> dict[str, Any]:
    turns = [
        {"speaker": speaker, "dia_id": f"D1:{at}", "text": text}
        | ({"blip_caption": caption} if caption else {})
        for at, (speaker, text, caption) in enumerate(TOLD, 1)
    ]
    return {
        "conversation": {
            "speaker_a": "Ada",
            "speaker_b": "Bob",
            "session_1": turns,
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_2": [],
        },
        "qa": [
            {"question": "What did Ada buy?", "evidence": ["D1:1"], "category": 4},
            {"question": "Which boat is it?", "evidence": ["D1:1; D1:3"], "category": 1},
            {"question": "Where does Ada sing?", "evidence": ["D1:1"], "category": 5},
            {"question": "Nothing", "evidence": [], "category": 1},
        ],
    }


@pytest.fixture
def conversation(tmp_path: Path) -> Conversation:
    path = tmp_path / "told.json"
    path.write_text(json.dumps([sample()]))
    (found,) = read(path)
    return found


class Bag:
    async def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded("bag", [bag(text) for text in texts])


def test_turns_keep_their_day_speaker_and_picture(conversation: Conversation) -> None:
    contents = [turn.content for turn in conversation.turns]
    assert contents[2].text == "It is blue, like the sea [a blue boat on a lake]"
    assert {content.said_at_ms for content in contents} == {1_683_554_160_000}
    assert [content.speaker for content in contents] == ["Ada", "Bob", "Ada", "Bob"]


def test_only_questions_that_the_conversation_answers_count(conversation: Conversation) -> None:
    assert conversation.questions == [
        Asking("What did Ada buy?", frozenset({"D1:1"})),
        Asking("Which boat is it?", frozenset({"D1:1", "D1:3"})),
    ]


def test_shares_are_means_over_questions_in_percent(conversation: Conversation) -> None:
    others = [f"D9:{n}" for n in range(6)]
    found = shares(conversation.questions, [["D1:1"], ["D1:3", *others, "D1:1"]])
    assert found.figures() == {"recall_at_5": 75.0, "recall_at_10": 100.0, "recall_at_20": 100.0}


async def test_every_turn_is_remembered_and_every_question_recalled(
    conversation: Conversation, tmp_path: Path
) -> None:
    world = World(Grid(tmp_path), Library(PlainIndex()), Remembering(Bag()))
    await world.remember([conversation])
    assert await world.library.index.count() == len(TOLD)
    found = await world.ask(conversation, UNTRAINED)
    assert found.rows == [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    by = learned(await world.examples(conversation))
    assert (await world.ask(conversation, by)).rows == found.rows


async def test_the_peers_rank_the_same_turns(conversation: Conversation) -> None:
    peers = await Peers.of(conversation, Remembering(Bag()))
    for ranking in PEERS.values():
        assert sorted(ranking(peers, 0)) == ["D1:1", "D1:2", "D1:3", "D1:4"]
    assert PEERS["bm25"](peers, 1)[0] in {"D1:1", "D1:2", "D1:3"}


async def test_what_a_sample_lacks_is_not_there(tmp_path: Path) -> None:
    """One speaker, no names of turns, no days, no categories, a conversation without questions."""
    turns = [{"text": text} for _, text, _ in TOLD] + [{"speaker": "Ada"}, {"text": None}]
    bare = {
        "conversation": {"session_1": turns, "session_2": None},
        "qa": [{"question": "What colour is it?", "evidence": "D1:2"}, {"evidence": ["D1:1"]}],
    }
    path = tmp_path / "told.json"
    path.write_text(json.dumps([bare, {"conversation": {}}, sample()]), encoding="utf-8-sig")
    first, other = read(path)
    assert [turn.name for turn in first.turns] == ["D1:1", "D1:2", "D1:3", "D1:4"]
    assert first.questions == [Asking("What colour is it?", frozenset({"D1:2"}))]
    world = World(Grid(tmp_path), Library(PlainIndex()), Remembering(Bag()))
    await world.remember([first, other])
    assert (await world.ask(first, UNTRAINED)).rows == [[1.0, 1.0, 1.0]]
    peers = await Peers.of(first, Remembering(Bag()))
    assert len(PEERS["rrf"](peers, 0)) == 4


@pytest.mark.parametrize(
    ("told", "said"),
    [("{", "JSON"), ("[1]", "LoCoMo"), ("{}", "LoCoMo"), ('{"conversation": {}}', "no question")],
)
def test_another_format_is_said_at_the_door(told: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    path.write_text(told)
    with pytest.raises(SystemExit, match=said):
        read(path)
