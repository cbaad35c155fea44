"""A browser, and a grid of which only what the console shows is running."""

import os
import shutil
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from engines.console import build_console
from engines.install import Installed
from engines.places import cache_directory
from engines.ports import free_port
from engines.probe import http_answers
from engines.progress import silent
from streams.io.client import Client
from tests.integration.console.looked_at import Looker
from tests.integration.grid.harness import Grid, Role, grid_running, running

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
GENEROUS_S = 120.0
FIX = "chromium is not installed: apt install chromium"


class Door(NamedTuple):
    """The gateway's process, and where it listens."""

    role: Role
    url: str


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; closed with the last of these tests.

    While Playwright is open its loop counts as running, and asynchronous tests cannot run theirs.
    """
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(FIX)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def grid(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    """A broker and a registry."""
    with grid_running(tmp_path_factory.mktemp("console"), installed, models=False) as grid:
        yield grid


@pytest.fixture(scope="package")
def gateway(grid: Grid) -> Iterator[Door]:
    """A gateway that serves the console, and the observer whose samples it shows."""
    built = build_console(cache_directory(os.environ), silent, os.environ)
    port = free_port()
    door = grid.role(
        "gateway", "-m", "cli.main", "gateway",
        AETHER_PORTS__GATEWAY=str(port), AETHER_GATEWAY__CONSOLE=str(built),
    )  # fmt: skip
    observer = grid.role("observer", "-m", "cli.main", "worker", "observer")
    with running(door, observer):
        grid.wait_until(lambda: http_answers(port, "/readyz"), GENEROUS_S, "the gateway")
        yield Door(door, f"http://127.0.0.1:{port}")


@pytest.fixture
def looker(browser: Browser, gateway: Door) -> Iterator[Looker]:
    """A page, whose complaints fail the test."""
    page: Page = browser.new_page(viewport={"width": 1400, "height": 850})
    looker = Looker(page, gateway.url)
    try:
        yield looker
        assert looker.complaints == []
    finally:
        page.close()


@pytest.fixture
def client(grid: Grid) -> Iterator[Client]:
    """A door to the log."""
    with Client(grid.settings) as opened:
        yield opened
