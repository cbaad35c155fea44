"""History is run again on a real grid: verified, gone back to, forked, compared, asked over."""

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.retelling import FOLDER
from streams.io.run_index.database import SqliteDatabase
from streams.io.run_index.index import FILE as RUNS_FILE
from tests.integration.grid.front import Front, until

pytestmark = pytest.mark.integration

TIDES = """# Tides

The Bay of Fundy has the highest tides on Earth, more than sixteen metres.
"""
QUESTIONS = ("Where are the highest tides on Earth?", "How high are the tides?")


class Told:
    """A grid with two runs, the last of which is told again here."""

    def __init__(self, front: Front) -> None:
        self.front = front
        answers = [front.succeed("ask", question, "-o", "json").out for question in QUESTIONS]
        self.runs = [json.loads(answer)["aether"]["run_id"] for answer in answers]

    @property
    def run(self) -> str:
        """The run asked last."""
        return str(self.runs[-1])

    def json(self, *arguments: str) -> Any:
        """Return what a command says as JSON."""
        return json.loads(self.front.succeed(*arguments, "-o", "json").out)

    def events(self, run: str) -> list[dict[str, Any]]:
        """Return a run's events."""
        return self.front.succeed("run", "show", run, "-o", "jsonl").rows


@pytest.fixture(scope="module")
def told(started: Front, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "tides.md").write_text(TIDES)
    started.succeed("ingest", str(folder))
    return Told(started)


def test_everything_is_decided_again_as_it_was(told: Told) -> None:
    done = told.front.succeed("verify", "-o", "jsonl")
    inputs = Counter[str]()
    for row in done.rows:
        assert (row["divergences"], row["announced"], row["parked"]) == (0, 0, 0)
        assert row["recorded"] in ("", str(row["version"]))
        inputs[row["decider"]] += row["inputs"]
    assert all(inputs[name] for name in ("router", "orchestrator", "memory", "registry"))
    assert "the same events with the same ids" in done.err


def test_verify_can_be_narrowed(told: Told) -> None:
    session = told.front.succeed("run", "show", told.run).out.split()[3]
    rows = told.json("verify", "--decider", "router", "--key", session)
    assert [(row["decider"], row["decisions"]) for row in rows] == [("router", 1)]
    assert told.front.run("verify", "--decider", "nobody").code == 2


def test_a_state_is_that_of_an_event_an_offset_a_time_or_the_end(told: Told) -> None:
    """Before its question a run is not known, at its route it is open, at its end it is over."""
    events = told.events(told.run)
    first, routed = events[0], next(e for e in events if e["type"] == "RequestRouted")
    offset = first["place"].rpartition("@")[2]
    session = told.front.succeed("run", "show", told.run).out.split()[3]
    begun = {at: _runs(told, session, at) for at in (offset, first["time"])}
    assert begun == dict.fromkeys(begun, ([], [], []))
    open_ = [_runs(told, name, at) for name, at in (
        (told.run, "RequestRouted"),
        (told.run[-12:], routed["id"]),
        (session, routed["id"]),
        ("latest", "RequestRouted"),
    )]  # fmt: skip
    assert open_ == [([told.run], [told.run], [])] * 4
    over = [_runs(told, name) for name in (told.run, "latest", session)]
    assert over == [([told.run], [], [told.run])] * 3


def test_a_key_that_nobody_told_of_has_no_state(told: Told) -> None:
    done = told.front.run("state", "nobody")
    assert (done.code, done.out) == (2, "")
    assert "nothing was ever told of 'nobody' in aether.sessions.events" in done.err


def _runs(told: Told, name: str, *at: str) -> tuple[list[str], list[str], list[str]]:
    """Return the runs that are routed, open and ended."""
    moment = ("--at", *at) if at else ()
    states = {row["decider"]: row["state"] for row in told.json("state", name, *moment)}
    router, orchestrator = states["router"], states["orchestrator"]
    started = [run["request"]["run_id"] for run in orchestrator["open"]]
    return router["done"], started, orchestrator["ended"]


def test_a_fork_shares_changes_decides_records_and_leaves_stand_ins(told: Told) -> None:
    before = told.events(told.run)
    asked = told.json("fork", told.run, "--at", "InferenceRequested", "--set", "options.seed=7")
    hows = {event["event"]: event["how"] for event in asked["events"]}
    assert hows["RequestReceived"] == "shared"
    assert hows["InferenceRequested"] == "changed"
    assert hows["InferenceFailed"] == "stubbed"
    assert hows["RunFailed"] == "decided"
    named = told.json("fork", "latest", "--set", "model=answer")
    hows = {event["event"]: event["how"] for event in named["events"]}
    assert (hows["RequestReceived"], hows["RequestRouted"]) == ("changed", "decided")
    assert (hows["TextPerceived"], hows["InferenceCompleted"]) == ("recorded", "recorded")
    assert told.events(told.run) == before
    assert told.json("run", "show", named["fork"]) == named
    listed = told.front.succeed("run", "list", "--forks", "-o", "jsonl").rows
    assert {asked["fork"], named["fork"]} <= {row["fork"] for row in listed}


def test_a_live_fork_asks_the_real_model(told: Told) -> None:
    done = told.json("fork", "--at", "ContextRecalled", "--set", "passages=[]", "--live")
    hows = {event["event"]: (event["how"], event["summary"]) for event in done["events"]}
    assert hows["InferenceCompleted"][0] == "live"
    assert "Nothing recalled answers this." in hows["ResponseCompleted"][1]


def test_a_fork_is_forked_again_and_compared_with_its_origin(told: Told) -> None:
    first = told.json("fork", told.run, "--set", "model=answer")["fork"]
    second = told.json("fork", first[:13], "--at", "InferenceRequested", "--set", "text=why?")
    assert second["origin"] == first
    compared = told.json("diff", second["fork"])
    assert compared == told.json("diff", first, second["fork"]) == told.json("diff", "latest-fork")
    changed = [e for e in compared["events"] if e["verdict"] == "changed"]
    assert changed[0]["event"] == "InferenceRequested"
    assert changed[0]["fields"] == [{"path": "text", "left": QUESTIONS[-1], "right": "why?"}]
    assert (compared["left"]["outcome"], compared["same"]) == ("completed", False)
    shown = told.front.succeed("diff", first, "latest-fork").out
    assert f"text: '{QUESTIONS[-1]}' → 'why?'" in shown
    priced = told.json("diff", "latest-fork", "--price", "extractive=1,2")
    assert priced["left"]["cost"] > priced["right"]["cost"] == 0


def test_a_fact_in_force_is_changed(told: Told) -> None:
    change = "@grid.CapabilityAdopted[answer].model=another"
    done = told.json("fork", told.run, "--set", change)
    planned = next(event["summary"] for event in done["events"] if event["event"] == "PlanMade")
    assert planned == "single: another for answer"
    now = told.json("fork", told.run, "--set", "@grid=now")
    assert (now["stubbed"], now["events"][-1]["event"]) == (0, "ResponseCompleted")


def test_a_what_if_is_reported_as_text_data_and_page(told: Told, tmp_path: Path) -> None:
    page, ask = tmp_path / "page.html", ("whatif", "--set", "model=answer")
    done = told.front.succeed(*ask, "--price", "extractive=1,2", "--page", str(page))
    assert "of them the record could answer" in done.out
    assert "<svg" in page.read_text() or "Nobody else answers any run." in page.read_text()
    (tmp_path / "runs").write_text("\n".join(told.runs))
    row = told.json(*ask, "--runs", str(tmp_path / "runs"))
    assert (row["runs"], row["covered"], row["rerouted"], row["differs"]) == (2, 2, 0, 0)
    assert row["recorded"]["tokens"] == row["forked"]["tokens"] > 0
    none = told.json(*ask, "--where", "RequestRouted.capability=nobody")
    assert (none["runs"], none["passed_over"]) == (0, 0)
    some = told.json(*ask, "--where", f"RequestReceived.text={QUESTIONS[0]}")
    assert some["runs"] == 1
    late = told.json(*ask, "--since", "2100-01-01T00:00:00+00:00")
    assert late["runs"] == 0


def test_an_interrupted_what_if_goes_on_where_it_stopped(told: Told) -> None:
    """It is killed when its first partition is done; what is written down is not made again."""
    home, ask = told.front.folder / FOLDER, ("whatif", "--set", "text=who?", "-o", "json")
    before = set(home.glob("*.json")) if home.exists() else set()
    child = told.front.start(*ask)
    until(lambda: bool(set(home.glob("*.json")) - before), "no partition is written down")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    written = {path: path.stat().st_mtime_ns for path in set(home.glob("*.json")) - before}
    row = json.loads(told.front.succeed(*ask).out)
    again = {path: path.stat().st_mtime_ns for path in written}
    assert (written == again, bool(written)) == (True, True)
    assert row["runs"] >= len(QUESTIONS)
    assert len(set(home.glob("*.json")) - before) == 4


def test_the_worker_keeps_the_index_of_runs(told: Told) -> None:
    """It says where every event of a run lies, without a rebuild."""
    database = SqliteDatabase(told.front.folder / RUNS_FILE)
    ask = "select place, first, last, ended from aether_runs where run = :run"

    def rows() -> list[tuple[int, ...]]:
        return database.rows(ask, {"run": told.run})

    until(lambda: bool(rows()) and rows()[0][3] is not None, "the run is not indexed")
    ((partition, first, last, ended),) = rows()
    places = [event["place"].rpartition("/")[2].split("@") for event in told.events(told.run)]
    assert {int(place) for place, _ in places} == {partition}
    offsets = [int(offset) for _, offset in places]
    assert (first, ended) == (min(offsets), max(offsets))
    assert last >= ended
    database.close()


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("fork nowhere", 2, "no event of run nowhere"),
        ("fork latest --at Nothing", 2, "has no event Nothing"),
        ("fork latest --at RunFailed", 2, "has no RunFailed"),
        ("fork latest --set nothing=1", 2, "has no nothing"),
        ("fork latest --set text=7", 2, "cannot hold text=7"),
        ("fork latest --set text", 2, "write it as path=value"),
        ("fork latest --set @grid.Nothing.x=1", 2, "names no fact"),
        ("fork latest --set @grid=yesterday", 2, "no time"),
        ("diff latest nowhere", 2, "no event of run nowhere"),
        ("diff latest", 2, "is no fork"),
        ("diff latest-fork --price x=nan,1", 2, "is no price"),
        ("state latest --at yesterday", 2, "no time"),
        ("state latest --at RunFailed", 2, "has no RunFailed"),
        ("whatif", 2, "Missing option '--set'"),
        ("whatif --set text=1 --since yesterday", 2, "no time"),
        ("whatif --set text=1 --at Nothing", 2, "no event is called"),
        ("whatif --set nothing=1", 2, "has no nothing"),
        ("whatif --set text=1 --where Nothing.x=1", 2, "no field of an event"),
        ("whatif --set text=1 --price x", 2, "is no price"),
        ("whatif --set @grid.CapabilityAdopted[no].model=x", 2, "no fact in force"),
        ("run show nowhere", 1, "no event of run nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    told: Told, command: str, code: int, said: str
) -> None:
    done = told.front.run(*command.split())
    assert (done.code, done.out) == (code, "")
    assert said in done.err
