"""A folder's documents become memories with their source, and what cannot be read says why."""

import json
from pathlib import Path

import pytest

from cli.documents import FILE_MAX, contents_of, files_in
from streams.errors import Undecodable
from streams.events.memory import Content, Kind


def passage(text: str, **given: object) -> Content:
    plain = {"title": "house", "uri": "house.md", "section": "", "speaker": ""}
    return Content(kind=Kind.PASSAGE, text=text, said_at_ms=None, **{**plain, **given})  # type: ignore[arg-type]


def turn(text: str, speaker: str, line: int, said_at_ms: int | None = None) -> Content:
    return Content(
        kind=Kind.TURN,
        text=text,
        title="",
        uri=f"chat.jsonl#{line}",
        section="",
        speaker=speaker,
        said_at_ms=said_at_ms,
    )


def written(folder: Path, name: str, text: str) -> list[Content]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return contents_of(path, name)


def test_markdown_is_titled_by_its_first_heading_and_placed_by_the_others(tmp_path: Path) -> None:
    text = "# The house\nOld.\n\n## Cellar\nDry.\n\n### Boiler\nNew.\n"
    title = {"title": "The house"}
    assert written(tmp_path, "house.md", text) == [
        passage("Old.", **title),
        passage("Dry.", section="Cellar", **title),
        passage("New.", section="Cellar > Boiler", **title),
    ]


def test_text_is_titled_by_its_file(tmp_path: Path) -> None:
    assert written(tmp_path, "house.txt", "# no heading") == [
        passage("# no heading", uri="house.txt")
    ]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "house.md").write_bytes(b"\xef\xbb\xbf# The house\nOld.")
    assert contents_of(tmp_path / "house.md", "house.md") == [passage("Old.", title="The house")]


def test_a_chat_is_read_a_message_a_line(tmp_path: Path) -> None:
    lines = [
        {"role": "user", "content": "Where?", "said_at_ms": 5},
        {"name": "Ada", "role": "user", "content": "There."},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n\n"
    assert written(tmp_path, "chat.jsonl", text) == [
        turn("Where?", "user", 1, 5),
        turn("There.", "Ada", 2),
    ]


def test_a_chat_is_read_a_conversation_a_line(tmp_path: Path) -> None:
    line = {"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}]}
    assert written(tmp_path, "chat.jsonl", json.dumps(line)) == [
        turn("A", "user", 1),
        turn("B", "assistant", 1),
    ]


def test_half_a_character_is_replaced_and_not_refused(tmp_path: Path) -> None:
    line = '{"role": "user", "content": "broken \\ud800 emoji"}'
    assert written(tmp_path, "chat.jsonl", line) == [turn("broken \ufffd emoji", "user", 1)]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("chat.jsonl", '{"role": "user", "content": "x"}\nno', "chat.jsonl, line 2 is not JSON"),
        ("chat.jsonl", "[1]", "chat.jsonl, line 1 is neither a message nor"),
        ("chat.jsonl", '{"role": "user", "content": null}', "line 1 is neither a message nor"),
        ("chat.jsonl", '{"messages": {"content": "x"}}', "line 1 is neither a message nor"),
        ("picture.png", "x", "picture.png is none of .jsonl, .markdown, .md, .rst, .txt"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    with pytest.raises(Undecodable) as refused:
        written(tmp_path, name, text)
    assert reason in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    with pytest.raises(Undecodable, match="is not UTF-8 text"):
        contents_of(tmp_path / "a.md", "a.md")


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.md").open("wb") as file:
        file.truncate(FILE_MAX + 1)
    with pytest.raises(Undecodable, match="has more than 20000000 bytes"):
        contents_of(tmp_path / "a.md", "a.md")


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Undecodable, match="cannot be read: No such file"):
        contents_of(tmp_path / "a.md", "a.md")


def test_the_files_of_a_folder_are_found_by_name_and_hidden_ones_passed_over(
    tmp_path: Path,
) -> None:
    wanted = ["B.MD", "a/b.txt", "a.md", "c.jsonl"]
    for name in [*wanted, ".git/x.md", "a/.y.md", "d.png"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [str(path.relative_to(tmp_path)) for path in files_in(tmp_path)]
    assert found == ["B.MD", "a/b.txt", "a.md", "c.jsonl"]
    assert files_in(tmp_path / "d.png") == [tmp_path / "d.png"], "a file that was named is tried"
