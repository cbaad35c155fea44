"""Conversations in LoCoMo's format: turns with their days, and questions with their evidence.

The format is that of https://github.com/snap-research/locomo; none of its data is here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._report import say
from processors.recall.dates import dates_in
from streams.events.memory import Content, Kind

#: What LoCoMo calls questions that the conversation does not answer; all others are asked.
ADVERSARIAL = ("5", "adversarial")

_EVIDENCE = re.compile(r"D(\d+):(\d+)", re.IGNORECASE)
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
    """A conversation, its turns in order; `unasked` are questions that do not count."""

    name: str
    turns: list[Turn]
    questions: list[Asking]
    unasked: int

    @property
    def said(self) -> tuple[str, ...]:
        """What two have in common that are one conversation, whatever they are called."""
        return tuple(turn.content.text for turn in self.turns)


def read(path: Path, role: str = "asked") -> list[Conversation]:
    """Return the conversations of a file, which holds a list of them or one, and say what it holds.

    Whatever a sample lacks is not there; one without turns or questions is left out. Those of two
    roles never have one name, however their files are called.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
        samples = told if isinstance(told, list) else [told]
        found = [
            _conversation(f"{role}-{path.stem}-{at}", sample) for at, sample in enumerate(samples)
        ]
    except (OSError, ValueError) as exc:
        raise SystemExit(f"{path} cannot be read as JSON: {exc}") from None
    except (AttributeError, KeyError, TypeError) as exc:
        raise SystemExit(
            f"{path}: want LoCoMo's format, `conversation` with its sessions and `qa`: {exc!r}"
        ) from None
    asked = [one for one in found if one.turns and one.questions]
    if not asked:
        raise SystemExit(f"{path}: no question that is not adversarial names evidence (`D1:3`)")
    say(f"{path.name}: {_told(found, asked)}")
    return asked


def _told(found: list[Conversation], asked: list[Conversation]) -> str:
    """Return what a file holds, and what of it counts for nothing or cannot be found."""
    names = [{turn.name for turn in one.turns} for one in asked]
    questions = sum(len(one.questions) for one in asked)
    missing = sum(
        not asking.evidence <= known
        for one, known in zip(asked, names, strict=True)
        for asking in one.questions
    )
    undated = sum(turn.content.said_at_ms is None for one in asked for turn in one.turns)
    return (
        f"{len(asked)} of {len(found)} conversations, {sum(len(one.turns) for one in asked)} turns"
        f" ({undated} without a day), {questions} questions ({missing} with evidence that is no"
        f" turn); {sum(one.unasked for one in found)} adversarial or without evidence left out"
    )


def _conversation(name: str, sample: Mapping[str, Any]) -> Conversation:
    turns, told = list(_turns(sample["conversation"])), list(sample.get("qa") or ())
    names = {turn.name for turn in turns}
    questions = [
        Asking(str(asked["question"]), evidence)
        for asked in told
        if _counts(asked) and (evidence := _evidence(asked, names))
    ]
    return Conversation(name, turns, questions, len(told) - len(questions))


def _counts(asked: Mapping[str, Any]) -> bool:
    """Whether a question is asked; one without a category is, unless its answer is a trap."""
    category = str(asked.get("category") or "").lower().removesuffix(".0")
    is_trap = not category and "adversarial_answer" in asked and "answer" not in asked
    return bool(asked.get("question")) and category not in ADVERSARIAL and not is_trap


def _evidence(asked: Mapping[str, Any], names: set[str]) -> frozenset[str]:
    named = asked.get("evidence") or ()
    told = [named] if isinstance(named, str) else list(map(str, named))
    as_is = names.intersection(part.strip() for part in told)
    return frozenset(_names(" ".join(told))) | as_is


def _names(told: str) -> list[str]:
    """Return the turns that a text names, each in one way: D1:01 is D1:1."""
    return [f"D{int(session)}:{int(turn)}" for session, turn in _EVIDENCE.findall(told)]


def _turns(conversation: Mapping[str, Any]) -> Iterator[Turn]:
    sessions = sorted(
        int(key.removeprefix("session_"))
        for key in conversation
        if re.fullmatch(r"session_\d+", key) and conversation[key]
    )
    for number in sessions:
        at_ms = _time(str(conversation.get(f"session_{number}_date_time", "")))
        for place, told in enumerate(conversation[f"session_{number}"], 1):
            text, named = _said(told), str(told.get("dia_id") or f"D{number}:{place}").strip()
            if not text:
                continue
            (name,) = _names(named) if _EVIDENCE.fullmatch(named) else (named,)
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
        return _day(told)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _day(told: str) -> int | None:
    """Return the one day that a text names in full, in whatever form."""
    try:
        (year,), (month,), (day,) = dates_in(told)
        return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None
