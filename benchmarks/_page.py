"""A console in a real Chromium: how long until something is to be seen, by the page's own clock.

What a person waits for ends with the frame after the one in which it is there, so that a wait is a
whole frame long at least: 17 ms.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

#: Notes when the first of some selectors was there, from the very beginning of a page on.
WATCH = """
window.firstSeen = {};
window.watchFor = () => {
  for (const one of %s) {
    if (!(one in firstSeen) && document.querySelector(one)) firstSeen[one] = performance.now();
  }
  requestAnimationFrame(window.watchFor);
};
requestAnimationFrame(window.watchFor);
"""

#: Does something, and counts until it is seen and drawn.
ACT = """
([act, seen]) => new Promise((done, fail) => {
  const safely = (asks) => { try { return asks(); } catch { return false; } };
  const [does, sees] = [new Function(act), new Function("return " + seen)];
  const began = performance.now();
  does();
  const look = () => {
    if (safely(sees)) requestAnimationFrame(() => done(performance.now() - began));
    else if (performance.now() - began > 20_000) fail(new Error(`never seen: ${seen}`));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""


class Visit:
    """A page of the console."""

    def __init__(self, page: Any, url: str) -> None:
        self._page = page
        self._url = url

    def opened(self, place: str, selector: str) -> float:
        """Return how many ms after it was asked for a page showed this."""
        self._page.goto(f"{self._url}/console/{place}")
        seen = f"() => firstSeen[{selector!r}]"
        return float(self._page.wait_for_function(seen).json_value())

    def acted(self, act: str, seen: str) -> float:
        """Return how many ms after doing something it was seen; both are JavaScript."""
        return float(self._page.evaluate(ACT, [act, seen]))


@contextmanager
def browser() -> Iterator[Any]:
    """Run the machine's own Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SystemExit("this needs the tests' environment: run ./aether test --help") from None
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise SystemExit("chromium is not installed: apt install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(Path(found)), args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def visit(opened: Any, url: str, selectors: list[str]) -> Iterator[Visit]:
    """Open an empty page, that notes when each of these selectors is first there."""
    page = opened.new_page(viewport={"width": 1400, "height": 850})
    page.add_init_script(WATCH % selectors)
    try:
        yield Visit(page, url)
    finally:
        page.close()
