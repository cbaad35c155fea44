"""`aether up` and what it starts: ready, watched over, found by others, and gone when asked."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from engines.install import Installed
from engines.ports import LOOPBACK
from streams.io.registry import COMPATIBILITY
from tests.integration.grid.front import (
    LOOPBACKS,
    SERVICES,
    Front,
    all_end,
    family,
    listening,
    until,
)

pytestmark = pytest.mark.integration

SUBJECT = "aether.registry.events-aether.registry.CapabilityOffered"


@pytest.fixture
def front(installed: Installed, tmp_path: Path) -> Iterator[Front]:
    """A command line without a grid yet."""
    made = Front(tmp_path / "data")
    yield made
    made.clean_up()


def test_the_banner_says_where_everything_is(started: Front) -> None:
    lines = started.banner.splitlines()
    ports = started.ports
    assert re.fullmatch(r"Aether Grid is ready after \d+\.\d s", lines[0])
    assert lines[2:8] == [
        f"  console      http://127.0.0.1:{ports['gateway']}/console/",
        f"  OpenAI API   http://127.0.0.1:{ports['gateway']}/v1",
        f"  Kafka        127.0.0.1:{ports['kafka']}",
        f"  registry     http://127.0.0.1:{ports['registry']}/apis/ccompat/v7",
        f"  Triton       127.0.0.1:{ports['triton_grpc']}",
        f"  data         {started.folder}",
    ]


def test_status_and_doctor_find_nothing_wrong(started: Front) -> None:
    running = started.await_whole()
    done = started.succeed("status", "-o", "json")
    told = json.loads(done.out)
    assert (told["running"], told["ready"], told["reasons"]) == (True, True, [])
    assert told["processes"] == dict(running.processes)
    assert started.succeed("status").out.startswith(f"ready, process {running.pid}\n")
    findings = {row["check"]: row["state"] for row in started.succeed("doctor", "-o", "jsonl").rows}
    assert findings["ports"] == "ok"
    assert "missing" not in findings.values()


def test_status_says_how_the_archive_is(started: Front) -> None:
    started.await_whole()
    until(lambda: "records sealed" in started.succeed("status").out, "the keeper's first word")
    told = json.loads(started.succeed("status", "-o", "json").out)["archive"]
    assert (told["troubles"], told["trims"], told["trimmed"]) == ([], False, 0)


def test_everything_listens_on_loopback_only(started: Front) -> None:
    members = family(started.await_whole().pid)
    heard = {member: listening(member) for member in members}
    assert sum(map(bool, heard.values())) >= len(SERVICES) - 1  # the archive's keeper hears nobody
    assert set().union(*heard.values()) <= LOOPBACKS


@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_a_second_grid_on_the_same_data_is_refused(started: Front, how: tuple[str, ...]) -> None:
    before = started.await_whole()
    other = Front(started.folder)  # other ports: the data alone are in the way
    done = other.run("up", *how)
    assert (done.code, done.out) == (7, "")
    assert f"the data directory {started.folder} is already in use by process" in done.err
    assert "aether down" in done.err
    assert started.running == before


@pytest.mark.parametrize("how", [(), ("--detach",)])
@pytest.mark.parametrize("setting", ["kafka", "gateway"])
def test_a_port_in_use_is_named_with_its_setting(
    front: Front, how: tuple[str, ...], setting: str
) -> None:
    with socket.create_server((LOOPBACK, front.ports[setting])):
        done = front.run("up", *how)
    assert (done.code, done.out) == (7, "")
    assert (
        f"needs port {front.ports[setting]} of 127.0.0.1, which process {os.getpid()}" in done.err
    )
    assert f"ports.{setting}" in done.err
    assert front.running is None


def test_a_data_directory_that_is_a_file_is_refused(front: Front) -> None:
    front.folder.touch()
    for how in ((), ("--detach",)):
        done = front.run("up", *how)
        assert (done.code, done.out) == (2, "")
        assert f"the data directory {front.folder} cannot be used" in done.err


@pytest.mark.parametrize("name", ["worker", "gateway", "registry", "triton"])
def test_what_is_killed_is_started_again_and_told(started: Front, name: str) -> None:
    before = started.await_whole().processes
    os.kill(before[name], signal.SIGKILL)
    until(lambda: not started.is_whole(), "the death is told")
    after = started.await_whole().processes
    assert after[name] != before[name]
    assert {n: p for n, p in after.items() if n != name} == {
        n: p for n, p in before.items() if n != name
    }
    assert started.run("ask", "How tall is Mont Blanc?").code == 0


def test_status_says_why_it_is_not_ready(started: Front) -> None:
    running = started.await_whole()
    os.kill(running.processes["worker"], signal.SIGKILL)
    until(lambda: not started.is_whole(), "the death is told")
    done = started.run("status")
    assert done.code == 1
    assert "NOT READY" in done.out
    assert re.search(r"because   worker is (resting|starting); see .*/logs/worker\.log", done.out)
    started.await_whole()


def test_nothing_runs_and_every_command_says_so(front: Front) -> None:
    assert front.run("status") == (
        1,
        f"no grid runs on {front.folder}; `aether up` starts one\n",
        "",
    )
    assert front.run("down") == (0, "", f"no grid runs on {front.folder}\n")
    assert not front.folder.exists(), "looking leaves nothing behind"


def test_an_early_end_leaves_nothing(front: Front) -> None:
    child = front.start("up")
    until(lambda: (told := front.running) is not None and "kafka" in told.states, "it starts")
    members = family(child.pid)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert (child.returncode, out) == (130, "")
    assert "stopped before it was ready" in err
    assert all_end(members)
    assert front.running is None


def test_a_grid_lives_on_in_its_data(front: Front) -> None:
    run = ctrl_c_in_the_foreground(front)
    up_again_and_kill_it(front, run)
    refuse_what_cannot_be_read(front)


def ctrl_c_in_the_foreground(front: Front) -> str:
    """Run in the foreground, ask, and interrupt it; return the run."""
    child = front.start("up")
    front.await_whole()
    run = json.loads(front.succeed("ask", "Is anybody there?", "-o", "json").out)["aether"]
    members = family(child.pid)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0
    assert "Aether Grid is ready" in out
    assert "stopping; what was accepted is in the log" in err
    assert all_end(members)
    assert not (front.folder / "run" / "grid.json").exists()
    return str(run["run_id"])


def up_again_and_kill_it(front: Front, run: str) -> None:
    """Start it again, find everything, break the registry's contract, and kill the parent."""
    front.succeed("up", "--detach")
    running = front.await_whole()
    assert [row["run"] for row in front.succeed("run", "list", "-o", "jsonl").rows] == [run]
    assert front.succeed("ask", "And now?").out.startswith("Nothing recalled answers this.")
    another_schema(front.ports["registry"])
    members = family(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    assert all_end(members)
    assert (front.folder / "run" / "grid.json").exists(), "a stale notice is left"
    assert front.run("status").code == 1
    assert front.run("down").code == 0
    assert front.running is None


def refuse_what_cannot_be_read(front: Front) -> None:
    """Start it once more; the incompatible schema stops it."""
    done = front.run("up", "--detach")
    assert (done.code, done.out) == (3, "")
    assert SUBJECT in done.err
    assert front.running is None


def another_schema(port: int) -> None:
    """Put a schema in our subject's place that ours cannot follow."""
    field = {"name": "card", "type": "long"}
    schema = {"type": "record", "name": "aether.registry.CapabilityOffered", "fields": [field]}
    path = f"/apis/ccompat/v7/subjects/{SUBJECT}"
    ask(port, "DELETE", path)
    ask(port, "DELETE", f"{path}?permanent=true")
    ask(port, "POST", f"{path}/versions", {"schema": json.dumps(schema)})
    ask(port, "PUT", f"/apis/ccompat/v7/config/{SUBJECT}", {"compatibility": COMPATIBILITY})


def ask(port: int, method: str, path: str, body: object = None) -> None:
    connection = HTTPConnection(LOOPBACK, port, timeout=60)
    head = {"content-type": "application/vnd.schemaregistry.v1+json"}
    connection.request(method, path, None if body is None else json.dumps(body), head)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status < 300, (method, path, answer.status, said)
