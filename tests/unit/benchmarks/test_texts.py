"""Files of labelled texts: harmless quirks are read over, everything else is said at the door."""

from pathlib import Path

import pytest

from benchmarks._texts import Row, learnable, read, read_sessions, teachable


def of(folder: Path, told: str | bytes, name: str = "set.csv") -> list[Row]:
    path = folder / name
    path.write_bytes(told if isinstance(told, bytes) else told.encode())
    return read(path, "train")


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        ("\ufefftext,label\nhi,greet\n", [("hi", "greet")]),
        ("text,label\r\nhi,greet\r\n\r\n", [("hi", "greet")]),
        ('text,label\n"two\nlines, ""quoted""",greet\n', [('two\nlines, "quoted"', "greet")]),
        ("id,Label,split,Text\n7,greet,a,hi\n", [("hi", "greet")]),
        ("text,label\nhi,greet,more,columns\n", [("hi", "greet")]),
        ("a,b\nhi, greet \n", [("hi", "greet")]),
        ("text,label\nhi,OOS\n,greet\n", [("hi", "oos"), ("", "greet")]),
        ("text,label\none\u2028line\x0b,greet\n", [("one\u2028line\x0b", "greet")]),
        ("text,label\nhi,greet", [("hi", "greet")]),
        ("id,text,intent_name\n1,hi,greet\n", [("hi", "greet")]),
        ("domain,question\nhello,hi\n", [("hi", "hello")]),
    ],
    ids=[
        *("BOM", "CRLF", "newline", "order", "more", "names", "oos, empty", "separators", "no end"),
        *("intent_name", "domain"),
    ],
)
def test_quirks_are_read_over(told: str, rows: list[Row], tmp_path: Path) -> None:
    assert of(tmp_path, told) == rows


def test_tabs_separate_where_the_name_says_so(tmp_path: Path) -> None:
    assert of(tmp_path, "text\tlabel\na, b\tgreet\n", "set.tsv") == [("a, b", "greet")]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", "at least one line"),
        ("text,label\n", "at least one line"),
        ("text,label\nhi,greet\nalone\n", "line 3: want a text and a label"),
        ("text,label\nhi,\n", "line 2: the label is empty"),
        (b"text,label\n\xff\xfe,x\n", "UTF-8"),
        ("id,text,meaning\n1,hi,greet\n", "They are id, text, meaning; known are text, utterance"),
        ("id,what,label\n1,hi,greet\n", "They are id, what, label"),
        ("id,what,meaning\n1,hi,greet\n", "They are id, what, meaning"),
    ],
)
def test_what_cannot_be_understood_is_said_with_its_place(
    told: str | bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=said):
        of(tmp_path, told)


@pytest.mark.parametrize("told", ["{", "[]", '{"test": []}', '{"train": [["a"]]}'])
def test_other_json_is_said_to_be_no_such_set(told: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="CLINC150"):
        of(tmp_path, told, "set.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="cannot be read as UTF-8"):
        read(tmp_path / "nowhere.csv", "train")


def test_only_what_says_something_and_has_a_label_teaches(tmp_path: Path) -> None:
    rows = [("hi", "greet"), (" ", "greet"), ("?", "oos")]
    assert teachable(rows, tmp_path) == [("hi", "greet"), ("?", "oos")]
    with pytest.raises(SystemExit, match="other than `oos`"):
        teachable([("?", "oos"), ("", "greet")], tmp_path)


def test_what_has_two_different_texts_is_learned_as_more_than_a_centroid() -> None:
    rows = [("a", "x"), ("b", "x"), ("c", "y"), ("c", "y"), ("d", "oos"), ("e", "oos")]
    assert learnable(rows) == {"x"}


def test_rows_of_a_session_are_kept_together_in_order(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("session,text,label\n1,a,x\n2,b,y\n1,c,oos\n")
    assert read_sessions(path) == [[("a", "x"), ("c", "oos")], [("b", "y")]]


def test_rows_without_sessions_are_said_to_be_such(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("text,label\na,x\n")
    with pytest.raises(SystemExit, match="a column `session`"):
        read_sessions(path)
