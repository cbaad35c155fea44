"""What headers mean, and what is done about those that mean nothing."""

import pytest

from streams.dead_letters import ATTEMPT, dead_letter
from streams.envelope import CAUSE, PROCESSOR, REQUEST, Cause, Decision, Outcome, origin_of
from streams.errors import Unacceptable, Undecodable
from streams.ids import ProcessorName
from streams.log import Record, filled

ROUTER = ProcessorName("router")
SIGNED = (PROCESSOR, b"router/1")


def test_a_decision_names_its_cause() -> None:
    decision = Decision(ROUTER, Cause(4, 0, 2))
    assert origin_of(dict([SIGNED, (CAUSE, b"4/0/2")]), 5) == decision


def test_an_outcome_names_its_request() -> None:
    assert origin_of(dict([SIGNED, (REQUEST, b"4")]), 5) == Outcome(ROUTER, 4)


@pytest.mark.parametrize("head", [{}, {CAUSE: b"4/0/1"}, {REQUEST: b"4"}, {PROCESSOR: b"x/1"}])
def test_what_nobody_signed_or_nothing_caused_is_from_outside(head: dict[str, bytes]) -> None:
    assert origin_of(head, 5) is None


@pytest.mark.parametrize(
    "cause",
    [b"", b"4", b"4/0", b"4/0/1/2", b"a/0/1", b"\xff/0/1", b"5/0/1", b"99/0/1", b"-1/0/1",
     b"4/1/1", b"4/-1/1", b"4/0/0"],
)  # fmt: skip
def test_a_cause_that_does_not_come_before_is_unacceptable(cause: bytes) -> None:
    with pytest.raises(Unacceptable):
        origin_of(dict([SIGNED, (CAUSE, cause)]), 5)


@pytest.mark.parametrize("request_", [b"", b"x", b"5", b"-1", b"1/2"])
def test_a_request_that_does_not_come_before_is_unacceptable(request_: bytes) -> None:
    with pytest.raises(Unacceptable):
        origin_of(dict([SIGNED, (REQUEST, request_)]), 5)


@pytest.mark.parametrize(
    ("said", "attempt"),
    [(b"1", b"2"), (b"", b"1"), (b"many", b"1"), (b"-3", b"1"), (b"9" * 5_000, b"1")],
)
def test_a_letter_counts_attempts_whatever_a_record_says_of_them(
    said: bytes, attempt: bytes
) -> None:
    record = Record("t", 0, 7, 0, b"k", b"v", [(ATTEMPT, said)])
    letter = dead_letter(record, ROUTER, Undecodable("no"))
    assert dict(letter.headers)[ATTEMPT] == attempt


def test_a_header_that_is_null_is_empty() -> None:
    assert filled([("a", None), ("b", b"x"), ("a", b"")]) == [("a", b""), ("b", b"x"), ("a", b"")]
