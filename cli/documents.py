"""What a folder holds that is worth remembering: Markdown, text, and chats as JSON lines."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.passages import Part, split_markdown, split_plain
from streams.errors import Undecodable
from streams.events.memory import Content, Kind
from streams.text import wellformed

FILE_MAX = 20_000_000

Reader = Callable[[str, str], Iterator[Content]]


def files_in(path: Path) -> list[Path]:
    """Return the files that can be read, by name; hidden ones are passed over."""
    if path.is_file():
        return [path]
    found = [p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in READERS]
    return sorted(p for p in found if not _is_hidden(p.relative_to(path)))


def contents_of(path: Path, uri: str) -> list[Content]:
    """Return what a file offers. Raises Undecodable for one that is not what its name says."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(READERS))
        raise Undecodable(f"{path} is none of {known}")
    try:
        if path.stat().st_size > FILE_MAX:
            raise Undecodable(f"{path} has more than {FILE_MAX} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Undecodable(f"{path} is not UTF-8 text: {exc}") from exc
    except OSError as exc:
        raise Undecodable(f"{path} cannot be read: {exc.strerror}") from exc
    return list(reader(wellformed(text), uri))


def _markdown(text: str, uri: str) -> Iterator[Content]:
    parts = list(split_markdown(text))
    title = next((p.headings[0] for p in parts if p.headings), Path(uri).stem)
    for part in parts:
        yield _passage(part, title, uri)


def _plain(text: str, uri: str) -> Iterator[Content]:
    for part in split_plain(text):
        yield _passage(part, Path(uri).stem, uri)


def _passage(part: Part, title: str, uri: str) -> Content:
    section = " > ".join(heading for heading in part.headings if heading != title)
    return Content(
        kind=Kind.PASSAGE,
        text=part.text,
        title=title,
        uri=uri,
        section=section,
        speaker="",
        said_at_ms=None,
    )


def _chat(text: str, uri: str) -> Iterator[Content]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except ValueError as exc:
            raise Undecodable(f"{uri}, line {number} is not JSON: {exc}") from exc
        for message in _messages(told, f"{uri}, line {number}"):
            yield _turn(message, f"{uri}#{number}")


def _messages(told: Any, where: str) -> list[dict[str, Any]]:
    """Return a line's messages: a chat in OpenAI's fine-tuning format, or one message."""
    messages = told.get("messages", [told]) if isinstance(told, dict) else None
    if not isinstance(messages, list) or not all(_is_message(m) for m in messages):
        raise Undecodable(f'{where} is neither a message nor {{"messages": [...]}}')
    return messages


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and isinstance(message.get("content"), str)
        and isinstance(message.get("role", message.get("name", "")), str)
    )


def _turn(message: dict[str, Any], uri: str) -> Content:
    speaker = str(message.get("name") or message.get("role") or "")
    at = message.get("said_at_ms")
    return Content(
        kind=Kind.TURN,
        text=wellformed(message["content"]),
        title="",
        uri=uri,
        section="",
        speaker=wellformed(speaker),
        said_at_ms=at if isinstance(at, int) and 0 <= at < 2**63 else None,
    )


READERS: dict[str, Reader] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".txt": _plain,
    ".rst": _plain,
    ".jsonl": _chat,
}


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
