"""The commands on a running grid: data on stdout, the rest on stderr, and codes for scripts."""

import json
import signal
import threading
from pathlib import Path

import pytest

from streams.io.settings import ROOT
from tests.integration.grid.front import Front, until

pytestmark = pytest.mark.integration

HOUSE = """# The house

## Cellar

The boiler in the cellar was serviced in May 2024 by Ada Lovelace.
"""
CHAT = (
    '{"role": "user", "content": "The spare key lies under the blue flower pot."}\n'
    '{"messages": [{"role": "user", "content": "Who feeds the cat?"},'
    ' {"role": "assistant", "content": "Grace Hopper feeds the cat on Mondays."}]}\n'
)
NOTHING = "Nothing recalled answers this."
QUESTIONS = {
    "When was the boiler serviced?": ("May 2024", "house.md"),
    "Where does the spare key lie?": ("under the blue flower pot", "chat.jsonl#1"),
    "Who feeds the cat on Mondays?": ("Grace Hopper", "chat.jsonl#2"),
    "What do zebras have on their skin?": ("stripes", "zebra.txt"),
}


@pytest.fixture(scope="module")
def told(started: Front, tmp_path_factory: pytest.TempPathFactory) -> Front:
    """The grid, having read a folder of every kind of document and one that is none."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "house.md").write_text(HOUSE)
    (folder / "chat.jsonl").write_text(CHAT)
    (folder / "zebra.txt").write_text("All zebras have black and white stripes on their skin.\n")
    (folder / "broken.md").write_bytes(b"\xff\xfe")
    first = started.run("ingest", str(folder), "-o", "json")
    again = started.run("ingest", str(folder))
    assert (first.code, again.code) == (1, 1), "one file was skipped"
    row = json.loads(first.out)
    assert (row["files"], row["passages"], row["new"]) == (3, 5, 5)
    assert [reason.split(" is ")[0] for reason in row["skipped"]] == [str(folder / "broken.md")]
    assert "skipped: " in first.err
    assert again.out.startswith("5 passages of 3 files, 0 of them new, in ")
    return started


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_quoted_with_its_source(told: Front, question: str) -> None:
    words, uri = QUESTIONS[question]
    lines = told.succeed("ask", question).out.splitlines()
    assert words in lines[0]
    assert any(line.startswith("[1] ") and line.endswith(f"  {uri}") for line in lines)
    assert lines[-1].startswith("run ")


def test_what_nothing_answers_gets_an_honest_answer(told: Front) -> None:
    answer = json.loads(told.succeed("ask", "How tall is Mont Blanc?", "-o", "json").out)
    assert answer["choices"][0]["message"]["content"] == NOTHING
    assert answer["aether"]["citations"] == []


def test_a_sessions_memories_are_recalled_in_that_session_only(told: Front, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("The code of the safe is 4711.")
    told.succeed("ingest", str(tmp_path), "--scope", "session:ada")
    question = "What is the code of the safe?"
    assert "4711" in told.succeed("ask", question, "--session", "ada").out
    for others in ((), ("--session", "bob")):
        assert told.succeed("ask", question, *others).out.startswith(NOTHING)


@pytest.mark.parametrize("scope", ["", "@grid", "session:", "everybody"])
def test_a_scope_that_nobody_could_recall_is_refused(told: Front, scope: str) -> None:
    done = told.run("ingest", str(ROOT / "cli"), "--scope", scope)
    assert (done.code, done.out) == (2, "")
    assert "is no scope" in done.err


def test_what_is_too_long_to_remember_is_told(told: Front, tmp_path: Path) -> None:
    long = {"role": "user", "content": "x" * 20_001}
    (tmp_path / "long.jsonl").write_text(json.dumps(long))
    done = told.run("ingest", str(tmp_path / "long.jsonl"))
    assert done.code == 1
    assert "skipped: long.jsonl#1: too_long: 20001 characters" in done.err


def test_an_empty_folder_is_a_mistake_in_usage(told: Front, tmp_path: Path) -> None:
    done = told.run("ingest", str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "holds nothing to read" in done.err


def test_a_run_is_found_by_its_id_by_either_end_of_it_and_as_the_latest(told: Front) -> None:
    answer = json.loads(told.succeed("ask", "Who feeds the cat?", "-o", "json").out)
    run = answer["aether"]["run_id"]
    assert told.succeed("run", "list", "--limit", "1", "-o", "jsonl").rows[0]["run"] == run
    tree = told.succeed("run", "show", run).out
    assert tree.startswith(f"run {run}  session ")
    assert "└─ RequestReceived" in tree
    assert "ResponseCompleted" in tree.splitlines()[-1]
    for short in (run[:30], run[-12:]):
        assert told.succeed("run", "show", short).out == tree
    assert told.succeed("run", "show").out == tree
    events = told.succeed("run", "show", run, "-o", "jsonl").rows
    assert [event["type"] for event in events[:: len(events) - 1]] == [
        "RequestReceived",
        "ResponseCompleted",
    ]
    ambiguous = told.run("run", "show", run[:2])
    assert (ambiguous.code, ambiguous.out) == (2, "")
    assert "may be any of" in ambiguous.err


@pytest.mark.parametrize("command", ["show", "watch"])
@pytest.mark.parametrize("output", ["text", "json"])
def test_an_unknown_run_is_a_failure_without_data(told: Front, command: str, output: str) -> None:
    done = told.run("run", command, "nowhere", "-o", output)
    assert (done.code, done.out) == (1, "")
    assert "no event of run nowhere is in the log" in done.err


def test_a_run_that_is_over_is_watched_to_its_end(told: Front) -> None:
    run = json.loads(told.succeed("ask", "Who?", "-o", "json").out)["aether"]["run_id"]
    watched = told.succeed("run", "watch", run, "-o", "jsonl").rows
    assert watched == told.succeed("run", "show", run, "-o", "jsonl").rows


def test_events_are_followed_as_they_happen_until_ctrl_c(told: Front) -> None:
    watching = told.start("run", "watch", "-o", "jsonl")
    lines: list[str] = []
    reading = threading.Thread(target=lambda: lines.extend(watching.stdout or ()), daemon=True)
    reading.start()

    def seen() -> bool:
        told.succeed("ask", "Who?")
        known = {json.loads(line)["type"] for line in list(lines)}
        return {"RequestReceived", "ResponseCompleted"} <= known

    with watching:
        until(seen, "it is watched")  # again and again: nobody knows when it begins to watch
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=60) == 130
        reading.join(60)


def test_a_model_that_is_not_there_is_refused(told: Front) -> None:
    done = told.run("ask", "Who?", "--model", "nobody")
    assert (done.code, done.out) == (6, "")
    assert "nothing here is called 'nobody'" in done.err
