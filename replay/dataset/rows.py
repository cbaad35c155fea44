"""Examples in the shapes that trainers read, each once, split so that no session is on both sides.

Chat rows are those of OpenAI's fine-tuning; pairs are the conversational preference format of TRL.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from replay.dataset.examples import Example
from streams.events.sessions import Message
from streams.io.chat_json import calls_shown, message_shown
from streams.plain import Plain, text_of

#: From this reward on an answer counts as a good one.
GOOD = 0.5


class Row(NamedTuple):
    """One row of a dataset: when and in which sessions it came about, and its content."""

    at_ms: int
    sessions: tuple[str, ...]
    plain: Plain


class Split(NamedTuple):
    """The older sessions to learn from, and the later ones to test on."""

    train: list[Row]
    test: list[Row]


def chat_row(example: Example) -> Row:
    """Return a completed run as a chat."""
    answer = Message(role="assistant", content=example.answer)
    plain = {"messages": _chat((*example.messages, answer)), "metadata": metadata_of(example)}
    return Row(example.at_ms, (example.session,), plain)


def run_row(example: Example) -> Row:
    """Return a run of any outcome as a flat row."""
    plain = {
        **example._asdict(),
        "messages": text_of(_chat(example.messages)),
        "event_ids": list(example.event_ids),
    }
    return Row(example.at_ms, (example.session,), plain)


def pair_rows(examples: Iterable[Example], least: float = GOOD) -> Iterator[Row]:
    """Yield a pair for each good and each bad answer to the same question.

    The question is the same if the model was told the same; runs and forks that nobody judged, and
    answers that say the same, make no pair.
    """
    answers: dict[str, tuple[list[Example], list[Example]]] = {}
    for example in examples:
        if example.reward is not None and example.completed:
            good, bad = answers.setdefault(_canonical(example.messages), ([], []))
            side = good if example.reward >= least else bad
            side.append(example)
    for good, bad in answers.values():
        for chosen, rejected in product(good, bad):
            if _said(chosen.answer) != _said(rejected.answer):
                yield _pair(chosen, rejected)


def unrepeated(rows: Iterable[Row]) -> list[Row]:
    """Return rows by time; of those with the same content the earliest."""
    found: dict[bytes, Row] = {}
    for row in sorted(rows, key=lambda row: (row.at_ms, text_of(row.plain))):
        found.setdefault(_content(row.plain), row)
    return list(found.values())


def split(rows: Sequence[Row], share: float) -> Split:
    """Put about a share of the rows on the side of training, session by session, oldest first.

    Sessions that a row joins stay together.
    """
    made = Split([], [])
    for group in sorted(_groups(rows), key=lambda group: (group[0].at_ms, group[0].sessions)):
        is_old = not made.test and len(made.train) + len(group) <= share * len(rows) + 1e-9
        (made.train if is_old else made.test).extend(group)
    for side in made:
        side.sort(key=lambda row: (row.at_ms, text_of(row.plain)))
    return made


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
        "prompt": _chat(chosen.messages),
        "chosen": [{"role": "assistant", "content": chosen.answer}],
        "rejected": [{"role": "assistant", "content": rejected.answer}],
        "metadata": {
            "event_ids": [*chosen.event_ids, *rejected.event_ids],
            "chosen": metadata_of(chosen),
            "rejected": metadata_of(rejected),
        },
    }
    sessions = tuple(sorted({chosen.session, rejected.session}))
    return Row(max(chosen.at_ms, rejected.at_ms), sessions, plain)


def _groups(rows: Sequence[Row]) -> Iterable[list[Row]]:
    """Return rows by the sessions they share with each other, directly or not."""
    leads: dict[str, str] = {}

    def lead(session: str) -> str:
        while leads.setdefault(session, session) != session:
            session = leads[session]
        return session

    for row in rows:
        for session in row.sessions[1:]:
            leads[lead(session)] = lead(row.sessions[0])
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(lead(row.sessions[0]), []).append(row)
    return groups.values()


def _chat(messages: Iterable[Message]) -> Plain:
    return list(map(message_shown, messages))


def _canonical(messages: Iterable[Message]) -> str:
    return text_of([[m.role, _said(m.content), *calls_shown(m.tool_calls)] for m in messages])


def _said(text: str) -> str:
    """Return words without what does not matter: white space, and how Unicode composes them."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _content(plain: Plain) -> bytes:
    """Return the hash of what a row teaches, whoever it comes from; a run is its own content."""
    told = {name: value for name, value in plain.items() if name != "metadata"}
    return hashlib.sha256(_said(text_of(told)).encode()).digest()
