"""The archive behind a real Kafka: sealed, trimmed for real, and read as if nothing were gone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from cli.apart import environment
from engines.install import Installed
from streams.events.sessions import Message, Options, RequestReceived, ResponseCompleted
from streams.ids import CapabilityId, EventId, ModelName, RunId, derived
from streams.io.client import Client
from streams.io.settings import ROOT, Settings
from streams.log import Record
from streams.topics import EVENT_TOPICS, SESSIONS
from tests.integration.grid.harness import engines_running, everything, settings_in

pytestmark = pytest.mark.integration

RUNS = 200
EVENTS = 2 * RUNS


def aether(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", *arguments],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def ask(settings: Settings, start: int) -> None:
    """Append questions and their answers, as if a grid had answered."""
    with Client(settings) as client:
        for n in range(start, start + RUNS):
            run_id = RunId(derived("run", n))
            event = RequestReceived(
                run_id=run_id,
                model=ModelName("aether"),
                text=f"question {n}",
                messages=(Message(role="user", content=f"question {n}"),),
                options=Options(),
                scopes=(),
                remember_in=None,
                stream=False,
            )
            client.send(SESSIONS, f"session {n % 10}", event, EventId(run_id))
            answer = ResponseCompleted(
                run_id=run_id,
                text=f"answer {n}",
                citations=(),
                capability=CapabilityId("answer"),
                model=ModelName("m"),
                finish_reason="stop",
                prompt_tokens=1,
                completion_tokens=1,
            )
            client.send(SESSIONS, f"session {n % 10}", answer, EventId(derived("done", n)))
        client.flush()


def test_a_trimmed_log_reads_as_it_was(tmp_path: Path, installed: Installed) -> None:
    settings = settings_in(tmp_path / "grid")
    with engines_running(settings, installed):
        ask(settings, 0)
        with Client(settings) as client:
            before = everything(client, SESSIONS)
        sealed = aether(settings, "archive", "seal", "-o", "json")
        assert sealed.returncode == 0, sealed.stderr
        segments = json.loads(sealed.stdout)
        assert sum(segment["records"] for segment in segments) == len(before) == EVENTS
        verified = aether(settings, "archive", "verify")
        assert verified.returncode == 0, verified.stderr
        _keeps_what_it_must(settings, before)
        trimmed = aether(settings, "archive", "trim", "--keep", "0s", "--yes", "-o", "json")
        assert trimmed.returncode == 0, trimmed.stderr
        ask(settings, RUNS)
        with Client(settings) as client:
            firsts = [client.log.live.span(SESSIONS.name, p).first for p in range(4)]
            assert sum(firsts) == EVENTS
            again = everything(client, SESSIONS)
        for partition in range(SESSIONS.partitions):
            old = [record for record in before if record.partition == partition]
            new = [record for record in again if record.partition == partition]
            assert new[: len(old)] == old
        assert len(again) == 2 * EVENTS
        rows = json.loads(aether(settings, "archive", "status", "-o", "json").stdout)
        assert sum(row["open"] for row in rows) == EVENTS
        assert len(rows) == sum(topic.partitions for topic in EVENT_TOPICS)
        asked = aether(
            settings, "sql", "-o", "csv", "select count(*), max(json->>'text') from events"
        )
        assert asked.returncode == 0, asked.stderr
        assert asked.stdout.splitlines()[1] == f"{2 * EVENTS},question 99"
        refused = aether(settings, "sql", "select * from '/etc/passwd'")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "Traceback" not in refused.stderr
        _exports(settings, tmp_path / "set")
        damaged = segments[0]
        digest = damaged["address"].removeprefix("sha256:")
        path = settings.data_dir / "objects" / digest[:2] / digest
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        verified = aether(settings, "archive", "verify")
        assert verified.returncode == 3
        place = f"{damaged['topic']}/{damaged['partition']} {damaged['first']} to"
        assert f"{place} {damaged['end'] - 1}: altered {damaged['address']}" in verified.stderr
        refused = aether(settings, "archive", "trim", "--keep", "0s", "--yes")
        assert refused.returncode == 1
        assert "nothing is trimmed" in refused.stderr
        assert "Traceback" not in refused.stderr


def _firsts(settings: Settings) -> list[int]:
    with Client(settings) as client:
        return [client.log.live.span(SESSIONS.name, p).first for p in range(SESSIONS.partitions)]


def _keeps_what_it_must(settings: Settings, before: list[Record]) -> None:
    """What is young, what a group has yet to read, and what cannot be proven, stays."""
    trim = ("archive", "trim", "--yes", "-o", "json", "--topic", SESSIONS.name)
    assert aether(settings, *trim, "--keep", "1d").returncode == 0
    store = settings.data_dir / "objects"
    store.rename(store.with_name("aside"))
    store.write_text("a file stands where the store was")
    away = aether(settings, *trim, "--keep", "0s")
    assert away.returncode == 4, away.stderr
    store.unlink()
    store.with_name("aside").rename(store)
    assert _firsts(settings) == [0, 0, 0, 0]
    consumer = Consumer({"bootstrap.servers": settings.bootstrap, "group.id": "slow"})
    for record in (r for r in before if r.offset == 0):
        at = TopicPartition(SESSIONS.name, record.partition, 1)
        consumer.commit(offsets=[at], asynchronous=False)
    held = aether(settings, *trim, "--keep", "0s")
    assert held.returncode == 0, held.stderr
    plans = [plan for plan in json.loads(held.stdout) if plan["held_by"]]
    assert {(plan["until"], plan["held_by"]) for plan in plans} == {(1, "slow")}
    assert _firsts(settings) == [min(1, sum(r.partition == p for r in before)) for p in range(4)]
    for partition in range(SESSIONS.partitions):
        end = sum(record.partition == partition for record in before)
        if end:
            at = TopicPartition(SESSIONS.name, partition, end)
            consumer.commit(offsets=[at], asynchronous=False)
    consumer.close()


def _exports(settings: Settings, folder: Path) -> None:
    """Training data is made across the seam, checked against it, and an altered row is found."""
    made = aether(settings, "export", "--to", str(folder), "--split", "0.9")
    assert made.returncode == 0, made.stderr
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    taught = 9 * 2 * RUNS // 10
    answers = {row["messages"][-1]["content"] for row in rows}
    assert len(rows) == len(answers & {f"answer {n}" for n in range(2 * RUNS)}) == taught
    # every session goes on after the cut, so nothing is left to test
    assert not (folder / "test.jsonl").exists()
    counts = json.loads((folder / "manifest.json").read_text())["counts"]
    assert (counts["rows"], counts["left_out"]) == (taught, 2 * RUNS - taught)
    verified = aether(settings, "export", "verify", str(folder))
    assert verified.returncode == 0, verified.stderr
    path = folder / "train.jsonl"
    path.write_text(path.read_text().replace("answer ", "Answer ", 1))
    verified = aether(settings, "export", "verify", str(folder), "-o", "json")
    assert verified.returncode == 3
    hashed, found = json.loads(verified.stdout)
    assert (hashed["row"], found["row"]) == (None, 1)
    assert found["what"] == "is told otherwise in the log: messages"
    parquet = aether(settings, "export", "--to", f"{folder}-runs", "--format", "parquet")
    assert parquet.returncode == 0, parquet.stderr
    assert aether(settings, "export", "verify", f"{folder}-runs").returncode == 0
    one = ("--where", "RequestReceived.text=question 3", "--format", "chat")
    made = aether(settings, "export", "--to", f"{folder}-one", *one, "-o", "json")
    assert json.loads(made.stdout)[0]["rows"] == 1
