"""Conversations in LoCoMo's format: turns with their days, and questions with their evidence.

The format is that of https://github.com/snap-research/locomo; none of its data is here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from streams.events.memory import Content, Kind

#: 5 is questions that the conversation does not answer.
CATEGORIES = (1, 2, 3, 4)

_EVIDENCE = re.compile(r"D(\d+):(\d+)")
_TIMES = ("%I:%M %p on %d %B, %Y", "%I:%M %p on %d %B %Y", "%d %B, %Y", "%d %B %Y")


class Turn(NamedTuple):
    """One turn; `name` is what evidence calls it."""

    name: str
    session: int
    content: Content


class Asking(NamedTuple):
    """A question, and the turns that hold its answer."""

    text: str
    evidence: frozenset[str]


class Conversation(NamedTuple):
    """A conversation, its turns in order."""

    name: str
    turns: list[Turn]
    questions: list[Asking]


def read(path: Path) -> list[Conversation]:
    """Return the conversations of a file, which holds a list of them or one."""
    told = json.loads(path.read_text(encoding="utf-8"))
    samples = told if isinstance(told, list) else [told]
    return [_conversation(f"{path.stem}-{at}", sample) for at, sample in enumerate(samples)]


def _conversation(name: str, sample: Mapping[str, Any]) -> Conversation:
    questions = [
        Asking(str(asked["question"]), evidence)
        for asked in sample["qa"]
        if asked.get("category") in CATEGORIES and (evidence := _evidence(asked))
    ]
    return Conversation(name, list(_turns(sample["conversation"])), questions)


def _evidence(asked: Mapping[str, Any]) -> frozenset[str]:
    told = " ".join(map(str, asked.get("evidence") or ()))
    return frozenset(f"D{int(session)}:{int(turn)}" for session, turn in _EVIDENCE.findall(told))


def _turns(conversation: Mapping[str, Any]) -> Iterator[Turn]:
    sessions = sorted(
        int(key.removeprefix("session_"))
        for key in conversation
        if re.fullmatch(r"session_\d+", key) and conversation[key]
    )
    for number in sessions:
        at_ms = _time(str(conversation.get(f"session_{number}_date_time", "")))
        for told in conversation[f"session_{number}"]:
            caption = told.get("blip_caption")
            text = f"{told['text']} [{caption}]" if caption else str(told["text"])
            yield Turn(
                str(told["dia_id"]),
                number,
                Content(
                    kind=Kind.TURN,
                    text=text,
                    title="",
                    uri=f"session:{number}#{told['dia_id']}",
                    section="",
                    speaker=str(told["speaker"]),
                    said_at_ms=at_ms,
                ),
            )


def _time(told: str) -> int | None:
    for form in _TIMES:
        try:
            at = datetime.strptime(told, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(at.timestamp() * 1000)
    return None
