"""How long a person waits for the console, in a real Chromium before a real gateway and Kafka.

`--runs` runs (10,000) and one run of `--long` events (2,000) are in the log. Every wait is measured
in the page, several times a round: the median of all, and the 95th percentile. Goal: first rows
within 500 ms, whatever is done within 100 ms. A search among all runs reads the log; it is told
for itself.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks._broker import folder, installed
from benchmarks._page import Visit, browser, visit
from benchmarks._report import OURS, options, say, show
from engines.console import build_console
from engines.places import cache_directory
from engines.ports import free_port
from engines.probe import http_answers
from engines.progress import silent
from streams.ids import RunId, minted
from streams.io.client import Client
from tests.integration.console.history import long_run, runs, send
from tests.integration.grid.harness import Grid, grid_running, running

LONG = RunId(minted(int(time.time() * 1000), os.urandom(10)))
ROW, NODE, RECORD = (
    '[aria-label="Runs"] [role=listitem]',
    "[role=tabpanel] [role=option]",
    "[role=listbox] [role=option]",
)
ROWS, SEARCH = "first_rows", "search"
TIMES = 5
GENEROUS_S = 120.0

Waits = Mapping[str, list[float]]


def first_rows(page: Visit) -> Iterator[tuple[str, float]]:
    """Open each page that has rows."""
    yield "runs_first_rows", page.opened("runs", ROW)
    yield "run_first_rows", page.opened(f"runs/{LONG}", NODE)
    yield "records_first_rows", page.opened("streams/aether.sessions.events", RECORD)


def among_runs(page: Visit) -> Iterator[tuple[str, float]]:
    """Scroll, choose, filter and open runs."""
    page.opened("runs", ROW)
    rows = "document.querySelector('[aria-label=Runs]')"
    text = f"{rows}.querySelector('[role=listitem]').textContent"
    for _ in range(TIMES):
        yield (
            "runs_choose",
            page.acted(
                "window.was = document.querySelector('.chosen')?.textContent;"
                "document.body.dispatchEvent("
                "new KeyboardEvent('keydown', {key: 'j', bubbles: true}))",
                "(document.querySelector('.chosen')?.textContent ?? '') !== (window.was ?? '')",
            ),
        )
    for _ in range(TIMES):
        yield "runs_scroll", page.acted(_far(rows, text), f"{text} !== window.was")
    yield "runs_search", page.acted(_typed("number 42"), f"{text}.includes('number 42')")
    yield "runs_search", page.acted(_typed(""), f"!{text}.includes('number 42')")
    opened = f"{rows}.querySelector('a.run').click()"
    yield "opened_run_first_rows", page.acted(opened, f"document.querySelector('{NODE}')")


def within_a_run(page: Visit) -> Iterator[tuple[str, float]]:
    """Look at a long run in every way there is."""
    page.opened(f"runs/{LONG}", NODE)
    panel = "document.querySelector('[role=tabpanel]')"
    for view in ("timeline", "lanes", "thread", "tree"):
        tab = (
            f"[...document.querySelectorAll('[role=tab]')].find((t) => t.textContent === '{view}')"
        )
        shown = (
            f"{panel}.getAttribute('aria-label') === '{view}'"
            f" && {panel}.querySelector('[role=option], .dot, li')"
        )
        yield f"run_{view}", page.acted(f"{tab}.click()", shown)
    for at in range(TIMES):
        moment = 2 + at * 60
        yield (
            "run_moment",
            page.acted(
                _set("input[type=range]", str(moment)),
                f"document.querySelector('.scrub span').textContent.startsWith('{moment} /')",
            ),
        )
        chosen = f"{panel}.querySelector('[aria-selected=true]')?.id ?? ''"
        other = f"{panel}.querySelectorAll('[role=option]:not([aria-selected=true])')"
        choose = f"window.was = {chosen}; {other}[3].click()"
        yield "run_choose", page.acted(choose, f"({chosen}) !== window.was")
        first = f"{panel}.querySelector('[role=option]').textContent"
        scrolled = page.acted(
            _far(f"{panel}.querySelector('.rows')", first), f"{first} !== window.was"
        )
        yield "run_scroll", scrolled


def _far(box: str, text: str) -> str:
    """Scroll to where other rows are."""
    return f"window.was = {text}; {box}.scrollTop = {box}.scrollTop > 1500 ? 0 : 3000"


def _typed(text: str) -> str:
    return _set("[data-search]", text)


def _set(selector: str, value: str) -> str:
    return (
        f"const field = document.querySelector({json.dumps(selector)});"
        f"field.value = {json.dumps(value)};"
        "field.dispatchEvent(new Event('input', {bubbles: true}))"
    )


PARTS: tuple[Callable[[Visit], Iterator[tuple[str, float]]], ...] = (
    first_rows,
    among_runs,
    within_a_run,
)


@contextmanager
def console(home: Path) -> Iterator[tuple[Grid, str]]:
    """Run a gateway that serves the console before a broker and a registry."""
    built, port = build_console(cache_directory(os.environ), silent, os.environ), free_port()
    with grid_running(home, installed(), models=False) as grid:
        door = grid.role(
            "gateway", "-m", "cli.main", "gateway",
            AETHER_PORTS__GATEWAY=str(port), AETHER_GATEWAY__CONSOLE=str(built),
        )  # fmt: skip
        with running(door):
            grid.wait_until(lambda: http_answers(port, "/readyz"), GENEROUS_S, "the gateway")
            yield grid, f"http://127.0.0.1:{port}"


def measured(url: str, rounds: int) -> Waits:
    """Return every wait of all rounds; a first visit is left out, for nothing is cached then."""
    waits: dict[str, list[float]] = {}
    with browser() as opened:
        for turn in range(rounds + 1):
            for part in PARTS:
                with visit(opened, url, [ROW, NODE, RECORD]) as page:
                    for name, ms in part(page):
                        if turn:
                            waits.setdefault(name, []).append(ms)
            say(f"round {turn} of {rounds}")
    return waits


def figures(waits: Waits) -> dict[str, float | None]:
    """Return the median and the 95th percentile of each wait, and the longest medians."""
    told: dict[str, float | None] = {}
    for name, found in waits.items():
        told[f"{name}_ms"] = median(found)
        told[f"{name}_p95_ms"] = sorted(found)[min(len(found) - 1, len(found) * 95 // 100)]
    rows = [median(found) for name, found in waits.items() if name.endswith(ROWS)]
    others = [name for name in waits if not name.endswith((ROWS, SEARCH))]
    acts = [median(waits[name]) for name in others]
    return {"worst_first_rows_ms": max(rows), "worst_interaction_ms": max(acts), **told}


def main(asked: argparse.Namespace) -> None:
    """Run the benchmark."""
    with folder() as home, console(home) as (grid, url):
        say(f"appending {asked.runs} runs and one of {asked.long} events")
        with Client(grid.settings) as client:
            send(client, runs(asked.runs))
            send(client, long_run(LONG, asked.long))
        waits = measured(url, asked.rounds)
    say(f"{os.cpu_count()} cores")
    title = f"the console, {asked.runs} runs"
    show({OURS: figures(waits)}, asked, title=title, drawn="worst_interaction_ms")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--long", type=int, default=2_000, help="events of the long run")
    main(parser.parse_args())
