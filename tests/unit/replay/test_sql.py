"""A question sees every event once, wherever it lies, and nothing else in the world."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from replay.sealed import SealedFiles
from replay.sql import Answer, Gatherer, Questions
from streams.errors import LogTruncated, Misconfigured, Undecodable
from streams.topics import ARCHIVE
from tests.unit.replay.archive.vault import TOPIC, Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Sealed, trimmed in part, and written on."""
    made = Vault(tmp_path, records=20)
    made.write(90)
    made.seal()
    made.trimming.groups = {"half": {0: 10}}
    made.trim()
    made.write(30)
    return made


def ask(
    vault: Vault,
    question: str,
    *,
    archive: bool = True,
    live: bool = True,
    limit: Any = None,
    lost: Counter[str] | None = None,
) -> Answer:
    folder = vault.folder.parent / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    sealed = SealedFiles(vault.store, vault.folder.parent / "read")
    gatherer = Gatherer(vault.whole, vault.wire, sealed, folder)
    gatherer.gather(TOPIC, vault.chains, archive=archive, live=live)
    sealed.close()
    if lost is not None:
        lost.update(gatherer.lost)
    with closing(Questions(folder, gatherer.files)) as questions:
        return questions.ask(question, limit)


def places(answer: Answer) -> list[tuple[int, int]]:
    return [(row[0], row[1]) for row in answer.rows]


ALL = 'select partition, "offset" from events order by all'


def test_every_record_is_seen_once_and_whole(vault: Vault) -> None:
    answer = ask(
        vault,
        'select topic, partition, "offset", timestamp_ms, key, value, headers from events'
        ' order by partition, "offset"',
    )
    written = [record for records in vault.written.values() for record in records]
    assert [
        (*row[:6], [(head["name"], head["value"]) for head in row[6]]) for row in answer.rows
    ] == [tuple(record) for record in written]


def test_archive_and_log_can_be_asked_alone(vault: Vault) -> None:
    sealed = {p: vault.chain(p)[-1].end for p in (0, 1)}
    assert places(ask(vault, ALL, live=False)) == [(p, n) for p in (0, 1) for n in range(sealed[p])]
    assert places(ask(vault, ALL, archive=False)) == [
        (p, n)
        for p, written in vault.written.items()
        for n in range(vault.log.span(TOPIC, p).first, len(written))
    ]


@pytest.mark.parametrize("live", [True, False])
def test_a_gap_behind_the_archive_is_no_answer(vault: Vault, live: bool) -> None:
    vault.broker.truncate(TOPIC, 0, vault.chain(0)[-1].end + 1)
    with pytest.raises(LogTruncated):
        ask(vault, ALL, live=live)


@pytest.mark.parametrize("live", [True, False])
def test_a_beginning_that_should_be_sealed_is_missed(vault: Vault, live: bool) -> None:
    heads = vault.broker.records[ARCHIVE.name, 0]
    told = [vault.wire.open(head).event.partition for head in heads]
    vault.broker.truncate(ARCHIVE.name, 0, heads[told.index(1)].offset)
    assert not vault.chain(0)
    assert vault.chain(1)
    with pytest.raises(LogTruncated):
        ask(vault, ALL, live=live)
    rest = ask(vault, ALL, archive=False)
    assert places(rest)[0] == (0, vault.log.span(TOPIC, 0).first)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_history_that_begins_late_is_asked_and_said_to_be(tmp_path: Path, sealed: bool) -> None:
    vault, lost = Vault(tmp_path), Counter[str]()
    vault.write(60)
    for partition in (0, 1):
        vault.broker.truncate(TOPIC, partition, 7)
        if sealed:
            vault.seal(partition, begin=True)
    answer = ask(vault, "select count(*) from events", lost=lost)
    assert (answer.rows, lost) == ([(60 - 2 * 7,)], {TOPIC: 2 * 7})


def test_what_is_sealed_and_trimmed_meanwhile_is_read_from_the_archive(vault: Vault) -> None:
    before = vault.chains
    vault.seal()
    vault.trimming.groups = {}
    vault.trim()
    assert vault.log.span(TOPIC, 0).first == len(vault.written[0])
    folder = vault.folder.parent
    sealed = SealedFiles(vault.store, folder / "read")
    gatherer = Gatherer(vault.whole, vault.wire, sealed, folder)
    gatherer.gather(TOPIC, before, archive=True, live=True)
    with closing(Questions(folder, gatherer.files)) as questions:
        assert questions.ask("select count(*) from events", None).rows == [(120,)]


def test_what_an_event_says_can_be_asked(vault: Vault) -> None:
    counted = dict(map(tuple, ask(vault, "select event, count(*) from events group by event").rows))
    written = [record for records in vault.written.values() for record in records]
    ours = [r for r in written if any(name == "ce_type" for name, _ in r.headers)]
    assert counted == {"RunFailed": len(ours), None: len(written) - len(ours)}
    answer = ask(
        vault,
        "select distinct json->>'reason', event_id = json->>'run_id' from events"
        " where event is not null",
    )
    assert answer.rows == [("r", True)]


def test_a_limit_says_whether_there_is_more(vault: Vault) -> None:
    assert [ask(vault, ALL, limit=n).more for n in (119, 120)] == [True, False]
    assert len(ask(vault, ALL, limit=7).rows) == 7


def test_a_log_without_a_record_has_the_columns(tmp_path: Path) -> None:
    empty = Vault(tmp_path)
    answer = ask(empty, "select * from events")
    assert answer.rows == []
    other = Vault(tmp_path / "other")
    other.write(5)
    assert answer.columns == ask(other, "select * from events").columns
    described = ask(empty, "describe events").rows
    assert described == ask(other, "describe events").rows
    assert [row[0] for row in described] == answer.columns


@pytest.mark.parametrize(
    "question",
    [
        "select * from read_text('/etc/hostname')",
        "select * from '/etc/passwd'",
        "select * from read_csv('https://example.org/x.csv')",
        "select * from glob('/etc/*')",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "create table x as select 1",
        "copy (select 1) to '/tmp/x.csv'",
        "install httpfs",
        "load httpfs",
        "attach '/tmp/x.db'",
        "pragma database_list; select 1",
        "select 1; select 2",
        "",
        "select nothing_like_it from events",
        "selec 1",
        "drop view events",
        "select getenv('HOME')",
        "explain analyze drop view events",
        "explain select 1",
        "prepare x as drop view events",
        "execute x",
        "call duckdb_settings()",
        "pragma version",
        "update extensions",
        "select * from query('drop view events')",
        "select * from query('select 1; drop view events')",
        "with x as (drop view events) select 1",
        "with x as (delete from events returning *) select 1",
        "select 1 \udcff",
        "select interval 100000000 years",
    ],
)
def test_what_is_no_question_about_events_is_refused(vault: Vault, question: str) -> None:
    with pytest.raises(Misconfigured):
        ask(vault, question)


COPY = "copy (select 1 a) to '{}' (format csv, use_tmp_file false)"
TOLD = COPY.replace("'", "''")


@pytest.mark.parametrize(
    "question",
    [
        COPY,
        f"explain {COPY}",
        f"explain analyze {COPY}",
        f"explain (analyze) {COPY}",
        f"prepare x as {COPY}",
        f"select 1; {COPY}",
        f"with x as ({COPY}) select * from x",
        f"select * from (with x as ({COPY}) select * from x)",
        f"select * from query('{TOLD}')",
        f"select * from json_execute_serialized_sql(json_serialize_sql('"
        f"with x as ({TOLD}) select 1'))",
        "export database '{}'",
        "select * from read_parquet('{}')",
    ],
)
def test_no_question_opens_a_file_of_its_own(vault: Vault, question: str) -> None:
    path = vault.path(vault.chain(0)[0].address)
    sealed, scratch = path.read_bytes(), vault.folder.parent / "scratch"
    for target in (path, scratch / "1.parquet", scratch / "new", vault.folder / "new"):
        with pytest.raises(Misconfigured):
            ask(vault, question.format(target))
    assert path.read_bytes() == sealed
    assert not list(vault.folder.parent.rglob("new*"))


def test_an_altered_segment_is_not_asked(vault: Vault) -> None:
    path = vault.path(vault.chain(0)[0].address)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Undecodable):
        ask(vault, ALL)
