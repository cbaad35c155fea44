"""The memory benchmark measures the whole path, and counts what it says it counts."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks._grid import Grid
from benchmarks._locomo import Asking, Conversation, read
from benchmarks._rankings import PEERS, Peers
from benchmarks._served import Remembering
from benchmarks.memory import World, shares, unseen
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


def of(tmp_path: Path, told: Any, role: str = "asked") -> list[Conversation]:
    path = tmp_path / role / "told.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told))
    return read(path, role)


async def test_files_of_one_name_are_remembered_apart(tmp_path: Path) -> None:
    """Other turns under the same names, in a file that is called the same."""
    other = sample()
    other["conversation"]["session_1"] = [{"speaker": "Bob", "text": "It was another boat"}]
    (asked,), (taught,) = of(tmp_path, sample()), of(tmp_path, other, "learned")
    world = World(Grid(tmp_path), Library(PlainIndex()), Remembering(Bag()))
    await world.remember([asked, taught])
    assert (await world.ask(asked, UNTRAINED)).rows == [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    assert len(await world.examples(taught)) == 2


def test_what_is_asked_about_is_not_learned_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = sample()
    other["conversation"]["session_1"] = [{"speaker": "Bob", "text": "It was another boat"}]
    asked, others = of(tmp_path, sample()), of(tmp_path, [sample(), other], "learned")
    assert unseen(others, asked) == others[1:]
    assert "1 conversations to learn from are asked about: left out" in capsys.readouterr().err


async def test_turns_are_not_cut_where_they_are_long(tmp_path: Path) -> None:
    long = sample()
    for turn in long["conversation"]["session_1"]:
        turn["text"] += " and so on" * 900
    (asked,) = of(tmp_path, long)
    world = World(Grid(tmp_path), Library(PlainIndex()), Remembering(Bag()))
    await world.remember([asked])
    assert (await world.ask(asked, UNTRAINED)).rows == [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]


def test_a_turn_has_one_name_however_it_is_written(tmp_path: Path) -> None:
    turns = [{"text": "one", "dia_id": "D1:01"}, {"text": "two", "dia_id": " d1:2"}]
    turns.append({"text": "three", "dia_id": "turn 3"})
    asked = {"question": "What?", "evidence": ["D01:1", "D1:2", "turn 3"]}
    (found,) = of(tmp_path, {"conversation": {"session_1": turns}, "qa": [asked]})
    assert [turn.name for turn in found.turns] == ["D1:1", "D1:2", "turn 3"]
    assert found.questions[0].evidence == {"D1:1", "D1:2", "turn 3"}


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        ({"category": "multi-hop"}, True),
        ({"category": 2.0}, True),
        ({"category": None}, True),
        ({"category": 5}, False),
        ({"category": "5"}, False),
        ({"category": 5.0}, False),
        ({"category": "Adversarial"}, False),
        ({"category": None, "adversarial_answer": "blue"}, False),
        ({"category": 1, "adversarial_answer": "blue", "answer": "red"}, True),
        ({"question": ""}, False),
    ],
)
def test_every_question_but_the_adversarial_is_asked(
    changes: dict[str, Any], is_asked: bool, tmp_path: Path
) -> None:
    told = sample()
    told["qa"].append({"question": "Which?", "evidence": ["D1:1"], **changes})
    (found,) = of(tmp_path, told)
    assert (len(found.questions), found.unasked) == (2 + is_asked, 3 - is_asked)


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("1:56 pm on 8 May, 2023", "2023-05-08T13:56"),
        ("May 8, 2023, 1:56 PM", "2023-05-08T00:00"),
        ("2023/05/08 (Mon) 13:56", "2023-05-08T00:00"),
        ("2023-05-08T13:56:00Z", "2023-05-08T13:56"),
        ("8. Mai 2023", "2023-05-08T00:00"),
        ("2023年5月8日", "2023-05-08T00:00"),
        ("yesterday", None),
        ("31 February 2023", None),
        (None, None),
    ],
)
def test_days_are_read_in_many_forms(told: str | None, day: str | None, tmp_path: Path) -> None:
    one = sample()
    one["conversation"]["session_1_date_time"] = told
    (found,) = of(tmp_path, one)
    wanted = day and int(datetime.fromisoformat(f"{day}+00:00").timestamp() * 1000)
    assert {turn.content.said_at_ms for turn in found.turns} == {wanted}


def test_a_file_is_said_to_hold_what_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = sample()
    told["qa"].append({"question": "Which?", "evidence": ["D9:9"]})
    of(tmp_path, [told, {"conversation": {}}])
    assert capsys.readouterr().err == (
        "told.json: 1 of 2 conversations, 4 turns (0 without a day), 3 questions (1 with evidence"
        " that is no turn); 2 adversarial or without evidence left out\n"
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [("{", "JSON"), ("[1]", "LoCoMo"), ("{}", "LoCoMo"), ('{"conversation": {}}', "no question")],
)
def test_another_format_is_said_at_the_door(told: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    path.write_text(told)
    with pytest.raises(SystemExit, match=said):
        read(path)
