"""A segment holds records whole, and its hash tells every two of them apart."""

from itertools import combinations
from pathlib import Path

from replay.archive.seal import Limits
from streams.events.sessions import RunFailed
from streams.ids import EventId, RunId
from streams.io.archive.segment import JSON_MAX, decoded, digest_of
from streams.log import Draft, Record
from tests.unit.replay.archive.vault import TOPIC, Vault

RECORD = Record(TOPIC, 0, 7, 1_000, b"k", b"v", [("a", b"b"), ("c", b"")])
OTHERS = [
    RECORD._replace(offset=8),
    RECORD._replace(timestamp_ms=1_001),
    RECORD._replace(key=b""),
    RECORD._replace(key=None),
    RECORD._replace(key=b"kv", value=b""),
    RECORD._replace(value=None),
    RECORD._replace(headers=[]),
    RECORD._replace(headers=[("c", b""), ("a", b"b")]),
    RECORD._replace(headers=[("ab", b""), ("c", b"")]),
]


def test_records_that_differ_in_anything_have_another_hash() -> None:
    for one, other in combinations([RECORD, *OTHERS], 2):
        assert digest_of([one]) != digest_of([other])
    assert digest_of([RECORD, OTHERS[0]]) != digest_of([OTHERS[0], RECORD])
    assert digest_of([RECORD]) == digest_of([RECORD._replace(headers=list(RECORD.headers))])


def test_a_segment_is_full_also_by_its_bytes(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    for n in range(6):
        vault.broker.land(Draft(TOPIC, 0, b"k", b"x" * 400, [("h", b"y" * 100)]))
        vault.written[0].append(vault.broker.records[TOPIC, 0][n])
    vault.limits = Limits(records=100, bytes=1_000)
    assert [s.records for s in vault.seal(0)] == [2, 2, 2]
    assert vault.faults() == []


def test_a_very_large_event_is_kept_whole_and_not_told_as_json(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    for length in (JSON_MAX // 2, JSON_MAX):
        event = RunFailed(run_id=RunId("r"), reason="r", detail="x" * length)
        draft = vault.wire.root(
            event, component="t", topic=TOPIC, key="k", event_id=EventId("e"), at_ms=0
        )
        vault.broker.land(draft._replace(partition=0))
    small, large = (decoded(r, vault.wire).decoded for r in vault.broker.records[TOPIC, 0])
    assert (small.event, large.event) == ("RunFailed", "RunFailed")
    assert small.json is not None
    assert large.json is None
