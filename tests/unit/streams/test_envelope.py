"""Headers and positions: what a record says of itself, and what follows where it says nothing."""

from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from streams import envelope as env
from streams.envelope import Cause, Decision, Outcome, author_of, open_envelope, origin_of, rfc3339
from streams.errors import Unacceptable
from streams.ids import ProcessorName, of_position
from streams.log import Record
from tests.unit.processors.examples import RUN, content, received

PLAIN = Record("t", 1, 7, 1_700_000_000_123, b"k", b"v", [])
ROUTER = ProcessorName("router")


def test_a_record_without_headers_has_the_id_of_its_position() -> None:
    opened = open_envelope(PLAIN, {}, content())
    assert opened.event_id == of_position("t", 1, 7)
    assert (opened.run_id, opened.cause_id) == ("", None)
    assert opened[2:7] == ("k", "t", 1, 7, 1_700_000_000_123)


def test_a_run_is_named_by_the_header_or_else_by_the_event() -> None:
    assert open_envelope(PLAIN, {}, received()).run_id == RUN
    assert open_envelope(PLAIN, {env.CORRELATION: b"other"}, received()).run_id == "other"


def test_ids_come_from_the_headers() -> None:
    opened = open_envelope(PLAIN, {env.ID: b"id", env.CAUSATION: b"cause"}, received())
    assert (opened.event_id, opened.cause_id) == ("id", "cause")


@pytest.mark.parametrize("key", [None, b""])
def test_a_record_without_a_key_belongs_to_no_stream(key: bytes | None) -> None:
    with pytest.raises(Unacceptable, match="t/1@7 has no key"):
        open_envelope(PLAIN._replace(key=key), {}, received())


@pytest.mark.parametrize(
    ("record", "head"),
    [
        (PLAIN._replace(key=b"\xff"), {}),
        (PLAIN, {env.ID: b"\xff"}),
        (PLAIN, {env.CORRELATION: b"\xff"}),
    ],
)
def test_what_is_not_utf8_is_unacceptable(record: Record, head: dict[str, bytes]) -> None:
    with pytest.raises(Unacceptable, match="not UTF-8"):
        open_envelope(record, head, received())


@pytest.mark.parametrize(
    ("head", "origin"),
    [
        ({}, None),
        ({env.CAUSE: b"1/0/1"}, None),
        ({env.PROCESSOR: b"router/3"}, None),
        ({env.PROCESSOR: b"router/3", env.CAUSE: b"12/1/2"}, Decision(ROUTER, Cause(12, 1, 2))),
        ({env.PROCESSOR: b"router", env.REQUEST: b"12"}, Outcome(ROUTER, 12)),
    ],
)
def test_an_origin_is_read_from_the_headers(head: dict[str, bytes], origin: Any) -> None:
    assert origin_of(head, 13) == origin


@pytest.mark.parametrize("value", [b"", b"1", b"1/2", b"1/2/3/4", b"a/b/c", b"1//2", b"\xff/0/1"])
def test_a_cause_that_is_none_is_unacceptable(value: bytes) -> None:
    with pytest.raises(Unacceptable, match=env.CAUSE):
        origin_of({env.PROCESSOR: b"router/1", env.CAUSE: value}, 13)


def test_a_request_that_is_no_number_is_unacceptable() -> None:
    with pytest.raises(Unacceptable, match=env.REQUEST):
        origin_of({env.PROCESSOR: b"router/1", env.REQUEST: b"1/2"}, 13)


def test_an_author_is_named_without_its_version() -> None:
    assert author_of({env.PROCESSOR: b"router/12"}) == "router"
    assert author_of({}) is None


@forall(st.integers(0, 4_102_444_800_000))
def test_a_time_is_written_to_the_millisecond_in_utc(at_ms: int) -> None:
    from datetime import datetime

    written = rfc3339(at_ms).decode()
    assert (written[-1], written[-5], len(written)) == ("Z", ".", 24)
    assert round(datetime.fromisoformat(written).timestamp() * 1000) == at_ms
