"""Data goes to stdout in the format asked for; everything else goes to stderr."""

import json

import pytest

from cli.output import Bar, emit, emit_one, say

ROWS = [{"name": "kafka", "records": 5, "more": "ä"}, {"name": "a\nb\x1b", "records": 1234}]


def test_a_table_has_the_columns_asked_for_and_figures_on_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit("text", ROWS, ["name", "records"])
    assert capsys.readouterr().out.splitlines() == [
        "NAME   RECORDS",
        "kafka        5",
        "a b\ufffd      1234",
    ]


def test_what_is_not_known_is_an_empty_cell(capsys: pytest.CaptureFixture[str]) -> None:
    emit("text", [{"name": "a", "cost": None}, {"name": "b", "cost": 2}], ["name", "cost"])
    assert capsys.readouterr().out == "NAME  COST\na\nb        2\n"


def test_json_is_one_document_with_everything(capsys: pytest.CaptureFixture[str]) -> None:
    emit("json", ROWS, ["name"])
    assert json.loads(capsys.readouterr().out) == ROWS


def test_json_lines_are_a_document_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    emit("jsonl", ROWS, ["name"])
    out = capsys.readouterr().out
    assert [json.loads(line) for line in out.splitlines()] == ROWS
    assert "ä" in out, "text stays readable"


def test_nothing_is_an_empty_document_and_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    emit("json", [], ["name"])
    assert capsys.readouterr() == ("[]\n", "")
    emit("text", [], ["name"])
    assert capsys.readouterr() == ("", "nothing to show\n")


def test_one_thing_is_written_in_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    for output in ("text", "json", "jsonl"):
        emit_one(output, {"a": 1}, "one a")
    assert capsys.readouterr().out == 'one a\n{\n  "a": 1\n}\n{"a": 1}\n'


def test_messages_are_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    say("hello", fg="red")
    with Bar("working", 10) as bar:
        bar.advance(4)
        bar.advance(6)
    assert capsys.readouterr() == ("", "hello\nworking: 10\n"), "and no colour off a terminal"
