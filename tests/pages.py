"""The pages that people read, and the examples in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from streams.io.settings import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A block of code in a page; `language` says what becomes of it: `sh` and `python` are run."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def examples(*languages: str) -> list[Example]:
    """Return the examples in some languages, page by page."""
    return [e for page in PAGES for e in _examples(page) if e.language in languages]


def _examples(page: Path) -> Iterator[Example]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Example(page, line, found[1], found[2])
