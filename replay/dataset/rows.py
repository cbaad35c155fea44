"""Examples in the shapes that trainers read, each once, and tests that nothing taught gives away.

Chat rows are those of OpenAI's fine-tuning; pairs are the conversational preference format of TRL.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from replay.dataset.examples import Example
from replay.dataset.turns import answer_of, chat_of, ends_with_its_user, turn
from streams.events.sessions import Message
from streams.io.chat_json import calls_shown, message_shown
from streams.plain import Plain, text_of

#: From this reward on an answer counts as a good one.
GOOD = 0.5
#: What a row says of where it comes from and what it took; it teaches the rest.
ORIGIN = frozenset({
    "metadata", "run_id", "session", "at_ms", "event_ids", "prompt_tokens", "completion_tokens",
    "milliseconds",
})  # fmt: skip


class Row(NamedTuple):
    """One row of a dataset: when its first and its last run came about, and its content.

    `ties` are its sessions and its question: rows that share one may give each other away.
    """

    began_ms: int
    at_ms: int
    ties: tuple[str, ...]
    plain: Plain


class Split(NamedTuple):
    """The older rows to learn from, and later ones to test on."""

    train: list[Row]
    test: list[Row]


def chat_row(example: Example) -> Row:
    """Return a completed run as a chat."""
    return _row((example,), {**chat_of(example), "metadata": metadata_of(example)})


def run_row(example: Example) -> Row:
    """Return a run of any outcome as a flat row."""
    plain = {
        **example._asdict(),
        "messages": text_of(list(map(message_shown, example.messages))),
        "event_ids": list(example.event_ids),
    }
    del plain["calls"], plain["verbatim"]
    return _row((example,), plain)


def pair_rows(examples: Iterable[Example], least: float = GOOD) -> Iterator[Row]:
    """Yield a pair for each good and each bad answer to the same question.

    The question is the same if the model was told the same; runs and forks that nobody judged,
    answers that say the same, and prompts that no user ends, make no pair.
    """
    answers: dict[str, tuple[list[Example], list[Example]]] = {}
    for example in examples:
        if example.reward is not None and example.completed and ends_with_its_user(example):
            good, bad = answers.setdefault(_canonical(example.messages), ([], []))
            side = good if example.reward >= least else bad
            side.append(example)
    for good, bad in answers.values():
        for chosen, rejected in product(good, bad):
            if _said(chosen.answer) != _said(rejected.answer):
                yield _pair(chosen, rejected)


def unrepeated(rows: Iterable[Row]) -> list[Row]:
    """Return rows by time; of those that teach the same the earliest."""
    found: dict[bytes, Row] = {}
    for row in _by_time(rows):
        found.setdefault(_content(row.plain), row)
    return list(found.values())


def split(rows: Iterable[Row], share: float) -> Split:
    """Put the oldest rows, up to a share of all, on the side of training, and later ones to test.

    No test begins before the last of what is taught. What shares a session or a question with
    what is taught would be known by heart: it is on neither side, as is a pair across the cut.
    """
    ordered = _by_time(rows)
    train = ordered[: int(share * len(ordered) + 1e-9)]
    later = ordered[len(train) :]
    if not train:
        return Split(train, later)
    taught, cut = {tie for row in train for tie in row.ties}, train[-1].at_ms
    apart = (row for row in later if row.began_ms >= cut and taught.isdisjoint(row.ties))
    return Split(train, list(apart))


def metadata_of(example: Example) -> Plain:
    """Return where a row comes from."""
    return {
        "run_id": example.run_id,
        "session": example.session,
        "at_ms": example.at_ms,
        "capability": example.capability,
        "model": example.model,
        "event_ids": list(example.event_ids),
    }


def _pair(chosen: Example, rejected: Example) -> Row:
    plain = {
        "prompt": list(map(turn, chosen.messages)),
        "chosen": [answer_of(chosen)],
        "rejected": [answer_of(rejected)],
        "metadata": {
            "event_ids": [*chosen.event_ids, *rejected.event_ids],
            "chosen": metadata_of(chosen),
            "rejected": metadata_of(rejected),
        },
    }
    return _row((chosen, rejected), plain)


def _row(examples: Sequence[Example], plain: Plain) -> Row:
    times = [example.at_ms for example in examples]
    ties = {f"session {example.session}" for example in examples}
    ties |= {f"question {_said(example.question)}" for example in examples}
    return Row(min(times), max(times), tuple(sorted(ties)), plain)


def _by_time(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.at_ms, text_of(row.plain)))


def _canonical(messages: Iterable[Message]) -> str:
    return text_of([[m.role, _said(m.content), *calls_shown(m.tool_calls)] for m in messages])


def _said(text: str) -> str:
    """Return words without what does not matter: white space, and how Unicode composes them."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _content(plain: Plain) -> bytes:
    """Return the hash of what a row teaches, whoever it comes from."""
    told = {name: value for name, value in plain.items() if name not in ORIGIN}
    return hashlib.sha256(_said(text_of(told)).encode()).digest()
