"""A dead letter keeps the bytes and says why; a retried one is the record it was."""

from typing import Any

import pytest

from streams import envelope as env
from streams.dead_letters import (
    ATTEMPT,
    MESSAGE,
    MESSAGE_MAX,
    OFFSET,
    PARTITION,
    TOPIC,
    dead_letter,
    retried,
)
from streams.errors import Undecodable
from streams.ids import ProcessorName
from streams.log import Draft, Record

HEAD = [("ce_id", b"1"), ("x", b"a"), ("x", b"b")]
BAD = Record("t", 2, 7, 1, b"\xff", b"\0junk", HEAD)
ROUTER = ProcessorName("router")


def landed(draft: Draft) -> Record:
    return Record(draft.topic, 2, 0, 2, draft.key, draft.value, draft.headers)


def test_a_letter_is_the_record_with_where_it_stood_and_why_it_was_parked() -> None:
    assert dead_letter(BAD, ROUTER, Undecodable("größe")) == Draft(
        "t.dlq",
        2,
        b"\xff",
        b"\0junk",
        [
            *HEAD,
            ("__streams.errors.exception", b"Undecodable"),
            ("__streams.errors.message", "größe".encode()),
            ("__streams.errors.topic", b"t"),
            ("__streams.errors.partition", b"2"),
            ("__streams.errors.offset", b"7"),
            ("aether_processor", b"router"),
            ("aether_attempt", b"1"),
        ],
    )


def test_a_letter_may_have_neither_key_nor_value() -> None:
    letter = dead_letter(BAD._replace(key=None, value=None), ROUTER, Undecodable("x"))
    assert (letter.key, letter.value) == (None, None)


def test_a_message_is_cut_and_always_writable() -> None:
    head = dict(dead_letter(BAD, ROUTER, Undecodable("\ud800" + "x" * 5_000)).headers)
    assert head[MESSAGE] == b"?" + b"x" * (MESSAGE_MAX - 1)


def test_a_retried_record_is_what_it_was_and_counts_its_attempts() -> None:
    first = retried(landed(dead_letter(BAD, ROUTER, Undecodable("x"))))
    assert first == Draft("t", 2, b"\xff", b"\0junk", [*HEAD, (ATTEMPT, b"1")])
    again = dead_letter(landed(first), ROUTER, Undecodable("x"))
    assert dict(again.headers)[ATTEMPT] == b"2"
    assert retried(landed(again)).headers == [*HEAD, (ATTEMPT, b"2")]


def test_a_retried_decision_leaves_its_place_behind_or_it_would_pass_for_a_repeat() -> None:
    mark = [(env.PROCESSOR, b"router/1"), (env.CAUSE, b"1/0/1"), (env.REQUEST, b"1")]
    letter = dead_letter(BAD._replace(headers=[*HEAD, *mark]), ROUTER, Undecodable("x"))
    assert retried(landed(letter)).headers == [*HEAD, (ATTEMPT, b"1")]


@pytest.mark.parametrize(
    "head", [[], [(OFFSET, b"1")], [(TOPIC, b"t")], [(TOPIC, None), (PARTITION, None)]]
)
def test_a_letter_that_does_not_say_where_it_came_from_is_not_retried(head: list[object]) -> None:
    with pytest.raises(Undecodable, match="does not say where it came from"):
        retried(BAD._replace(headers=head))  # type: ignore[arg-type]


@pytest.mark.parametrize("attempt", [b"", b"x", b"\xff", None])
def test_a_record_whose_attempts_cannot_be_read_is_parked_all_the_same(attempt: Any) -> None:
    letter = dead_letter(BAD._replace(headers=[(ATTEMPT, attempt)]), ROUTER, Undecodable("x"))
    assert dict(letter.headers)[ATTEMPT] == b"1"
