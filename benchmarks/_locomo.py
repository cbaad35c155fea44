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
    """Return the conversations of a file, which holds a list of them or one.

    Whatever a sample lacks is not there; one without turns or questions is left out.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
        samples = told if isinstance(told, list) else [told]
        found = [_conversation(f"{path.stem}-{at}", sample) for at, sample in enumerate(samples)]
    except (OSError, ValueError) as exc:
        raise SystemExit(f"{path} cannot be read as JSON: {exc}") from None
    except (AttributeError, KeyError, TypeError) as exc:
        raise SystemExit(
            f"{path}: want LoCoMo's format, `conversation` with its sessions and `qa`: {exc!r}"
        ) from None
    asked = [one for one in found if one.turns and one.questions]
    if not asked:
        raise SystemExit(f"{path}: no question of category 1 to 4 names its evidence (`D1:3`)")
    return asked


def _conversation(name: str, sample: Mapping[str, Any]) -> Conversation:
    questions = [
        Asking(str(asked["question"]), evidence)
        for asked in sample.get("qa") or ()
        if _counts(asked) and (evidence := _evidence(asked))
    ]
    return Conversation(name, list(_turns(sample["conversation"])), questions)


def _counts(asked: Mapping[str, Any]) -> bool:
    """Whether a question is asked; one without a category is."""
    category = str(asked.get("category") or CATEGORIES[0])
    return bool(asked.get("question")) and category in map(str, CATEGORIES)


def _evidence(asked: Mapping[str, Any]) -> frozenset[str]:
    named = asked.get("evidence") or ()
    told = named if isinstance(named, str) else " ".join(map(str, named))
    return frozenset(f"D{int(session)}:{int(turn)}" for session, turn in _EVIDENCE.findall(told))


def _turns(conversation: Mapping[str, Any]) -> Iterator[Turn]:
    sessions = sorted(
        int(key.removeprefix("session_"))
        for key in conversation
        if re.fullmatch(r"session_\d+", key) and conversation[key]
    )
    for number in sessions:
        at_ms = _time(str(conversation.get(f"session_{number}_date_time", "")))
        for place, told in enumerate(conversation[f"session_{number}"], 1):
            text, name = _said(told), str(told.get("dia_id") or f"D{number}:{place}")
            if not text:
                continue
            yield Turn(
                name,
                number,
                Content(
                    kind=Kind.TURN,
                    text=text,
                    title="",
                    uri=f"session:{number}#{name}",
                    section="",
                    speaker=str(told.get("speaker") or ""),
                    said_at_ms=at_ms,
                ),
            )


def _said(told: Mapping[str, Any]) -> str:
    """Return what a turn says, and shows."""
    text, caption = str(told.get("text") or "").strip(), told.get("blip_caption")
    return f"{text} [{caption}]".strip() if caption else text


def _time(told: str) -> int | None:
    for form in _TIMES:
        try:
            at = datetime.strptime(told, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(at.timestamp() * 1000)
    try:
        at = datetime.fromisoformat(told.strip())
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
