"""What the keeper says of the archive, as `aether status` shows it."""

from dataclasses import asdict
from pathlib import Path

from cli import kept
from replay.archive.keep import Standing
from streams.io.settings import Settings

NOW_MS = 1_700_000_000_000


def test_a_line_says_what_is_sealed_and_when_it_was_proven() -> None:
    told = Standing(at_ms=NOW_MS, sealed=12_400, open=36, verified_ms=NOW_MS - 3 * 60_000)
    assert kept.in_short(asdict(told), NOW_MS / 1000) == (
        "12,400 records sealed, 36 not yet, proven 3 min ago"
    )


def test_a_line_says_what_was_trimmed_and_what_is_wrong() -> None:
    told = Standing(sealed=5, trimmed=3, trims=True, troubles=["the store is away"])
    assert kept.in_short(asdict(told), NOW_MS / 1000) == (
        "5 records sealed, 0 not yet, 3 trimmed from the log, proven never, BUT the store is away"
    )


def test_what_was_told_is_known_and_nothing_else_is(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert (kept.known(settings), kept.shown(settings)) == (None, "")
    told = asdict(Standing(sealed=5, troubles=["one"]))
    kept.tell(settings, told)
    assert kept.known(settings) == told
    assert Standing(**told).troubles == ["one"]
    kept.notice_file(settings).write_text("[")
    assert kept.known(settings) is None
