"""On a real grid: what is remembered, replaced, forgotten and over, and who may recall it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cli.ask import ask_grid
from cli.sending import send
from replay.memories import Remembered, remembered, told
from streams.events.memory import Content, Kind, MemoryOffered
from streams.ids import MemoryId, ScopeId
from streams.io.client import Client
from streams.scopes import GRID
from streams.topics import MEMORY
from tests.integration.grid.front import Front, until

pytestmark = pytest.mark.integration

NOTHING = "Nothing recalled answers this."


class Memory:
    """The grid's memory, by its log and its doors."""

    def __init__(self, front: Front, client: Client) -> None:
        self.front = front
        self._client = client

    def all(self, scope: ScopeId | None = None) -> dict[MemoryId, Remembered]:
        """Return every memory, as it is now."""
        now = int(time.time() * 1000)
        known = remembered(told(self._client.log, self._client.wire, scope))
        return {memory_id: memory.at(now) for memory_id, memory in known.items()}

    def holding(self, words: str) -> list[MemoryId]:
        """Return what holds and says some words."""
        return [i for i, m in self.all().items() if m.fate == "holds" and words in _text(m)]

    def offer(self, text: str, scope: str = GRID, key: str = "", ttl_ms: int | None = None) -> str:
        """Offer a fact; return the offer."""
        content = Content(
            kind=Kind.FACT, text=text, title="", uri="", section="", speaker="", said_at_ms=None,
            key=key,
        )  # fmt: skip
        return send(self._client, MEMORY, scope, MemoryOffered(content=content, ttl_ms=ttl_ms))

    def recorded(self, offer: str) -> MemoryId:
        """Wait until an offer was taken in; return the memory."""

        def found() -> list[MemoryId]:
            return [i for i, m in self.all().items() if m.recorded.offered_by == offer]

        until(lambda: bool(found()), f"offer {offer} is taken in")
        return found()[0]

    def answer(self, question: str, **names: str) -> str:
        """Return what the grid answers."""
        said = ask_grid(self.front.settings, question, **names)
        return str(said["choices"][0]["message"]["content"])

    def answers(self, words: str, question: str, **names: str) -> None:
        """Wait until a question is answered by some words: the index follows the log."""
        until(lambda: words in self.answer(question, **names), f"{words!r} answers {question!r}")

    def says(self, *command: str) -> Any:
        """Return what a command says as JSON."""
        return json.loads(self.front.succeed("memory", *command, "-o", "json").out)

    def events(self, memory_id: str) -> list[tuple[str, str]]:
        """Return a memory's history, as the command tells it."""
        return [(row["event"], row["memory"]) for row in self.says("history", memory_id)]


def _text(memory: Remembered) -> str:
    return memory.recorded.content.text


@pytest.fixture(scope="module")
def memory(started: Front) -> Iterator[Memory]:
    with Client(started.settings) as client:
        yield Memory(started, client)


def test_of_a_key_the_newest_holds_and_history_has_both(memory: Memory) -> None:
    question = "Where does Grace Hopper live?"
    offered = memory.says("remember", "Grace Hopper lives in Arlington.", "--key", "grace.city")
    old = memory.recorded(offered["offered"])
    memory.answers("Arlington", question)
    new = memory.recorded(memory.offer("Grace Hopper lives in Philadelphia.", key="grace.city"))
    memory.answers("Philadelphia", question)
    assert "Arlington" not in memory.answer(question)
    shown = memory.says("show", old)
    assert (shown["state"], shown["superseded_by"]) == ("superseded", new)
    assert (shown["key"], shown["offered_by"]) == ("grace.city", offered["offered"])
    history = [
        ("MemoryRecorded", old),
        ("MemoryRecorded", new),
        ("MemorySuperseded", old),
    ]
    assert (memory.events(old), memory.events(new)) == (history, history)
    found = [row["memory"] for row in memory.says("search", question)]
    assert (found[0], old in found) == (new, False)


def test_what_is_forgotten_is_recalled_no_more_and_stays_in_history(memory: Memory) -> None:
    question = "What is the combination of the bicycle lock?"
    known = memory.recorded(memory.offer("The combination of the bicycle lock is 2718."))
    memory.answers("2718", question)
    assert memory.says("forget", known, "--yes") == {"memory": known, "state": "forgotten"}
    memory.answers(NOTHING, question)
    assert memory.events(known) == [("MemoryRecorded", known), ("MemoryForgotten", known)]
    assert memory.front.run("memory", "forget", known, "--yes").code == 1
    listed = {row["memory"]: row["state"] for row in memory.says("list", "--all")}
    assert listed[known] == "forgotten"
    assert known not in {row["memory"] for row in memory.says("list")}


def test_what_is_over_is_recalled_no_more(memory: Memory) -> None:
    known = memory.recorded(memory.offer("The flooded room is Turing.", ttl_ms=1_000))
    until(lambda: memory.all()[known].fate == "expired", "it is over")
    assert memory.answer("Which room is flooded?").startswith(NOTHING)
    memory.recorded(memory.offer("Something else is said, and time goes by."))
    assert memory.events(known) == [("MemoryRecorded", known), ("MemoryExpired", known)]


def test_what_says_the_same_is_merged(memory: Memory) -> None:
    known = memory.recorded(memory.offer("The printer on the third floor is called Babbage."))
    memory.offer("the printer on the THIRD floor, is called babbage")
    memory.recorded(memory.offer("This is said later."))
    assert [event for event, _ in memory.events(known)] == ["MemoryRecorded", "MemoryMerged"]
    assert memory.holding("Babbage") + memory.holding("babbage") == [known]


def test_what_seems_to_be_said_twice_is_proposed_and_both_hold(memory: Memory) -> None:
    one = memory.recorded(memory.offer("The lift in the west wing is called Lovelace."))
    other = memory.recorded(memory.offer("The lift in the west wing, it is called Lovelace."))
    until(lambda: ("MergeProposed", other) in memory.events(one), "a merge is proposed")
    assert ("MergeProposed", other) in memory.events(other)
    assert {one, other} <= {i for i, m in memory.all().items() if m.fate == "holds"}


def test_a_session_a_user_and_a_tenant_know_what_others_do_not(memory: Memory) -> None:
    question = "What is the password of the cellar door?"
    words = {"session:lab": "Tulip", "user:lab": "Orchid", "tenant:lab": "Peony"}
    for scope, word in words.items():
        fact = f"The password of the cellar door is {word}."
        known = memory.recorded(memory.offer(fact, scope))
        assert [row["memory"] for row in memory.says("list", "--scope", scope)] == [known]
        found = memory.says("search", question, "--scope", scope)
        assert [row["memory"] for row in found] == [known]
    memory.answers("Orchid", question, user="lab")
    memory.answers("Tulip", question, session="lab")
    strangers: list[dict[str, str]] = [
        {}, {"session": "user:lab"}, {"user": "session:lab"}, {"user": "tenant:lab"},
        {"user": "Lab"},
    ]  # fmt: skip
    for names in strangers:
        assert memory.answer(question, **names).startswith(NOTHING), names


def test_what_a_user_says_is_recalled_for_that_user_alone(memory: Memory) -> None:
    memory.answer("Remember that my locker has the number 5381.", user="lena")
    question = "Which number has my locker?"
    memory.answers("5381", question, user="lena")
    assert {m.recorded.content.speaker for m in memory.all(ScopeId("user:lena")).values()} == {
        "user"
    }
    for names in ({}, {"user": "bob"}, {"session": "lena"}):
        assert memory.answer(question, **names).startswith(NOTHING), names


def test_too_little_evidence_teaches_nothing(memory: Memory) -> None:
    done = memory.front.run("memory", "learn", "-o", "json")
    assert (done.code, done.out) == (2, "")
    assert "recalls are judged; at least 20 teach anything" in done.err
    assert "aether memory judge RUN" in done.err
    named = {row["feature"]: row["weight"] for row in memory.says("weights")}
    assert (named["meaning"], named["asks"]) == (1.0, -0.5)
