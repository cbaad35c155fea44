"""Serves the console's built files, and its page for every address below it.

The page may load nothing from elsewhere, run nothing that is not a file of ours, and be framed by
nobody: what an event holds is shown as text, and could do nothing even if it were not.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

BASE = "/console/"
PAGE = "index.html"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Aether Grid</title>
<p>The console is not built yet. The first <code>aether up</code> builds it within a minute and
says so; <code>.venv/bin/python -m engines.console</code> builds it by hand and tells what is wrong.
Everything else runs: <a href="/v1/models">/v1/models</a>, <a href="/api/runs">/api/runs</a>.</p>
"""


class Console:
    """The routes; the directory may appear later, when it is built."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self.routes = [
            Route("/", self.home),
            Route(BASE.rstrip("/"), self.home),
            Route(BASE + "{path:path}", self.file),
        ]

    async def home(self, _: Request) -> Response:
        """Lead to the console."""
        return RedirectResponse(BASE, 307)

    async def file(self, request: Request) -> Response:
        """Return a file of the build, or the page, which finds out itself what to show."""
        if self._directory is None or not (self._directory / PAGE).exists():
            return HTMLResponse(UNBUILT, 503, {**HEADERS, "retry-after": "5"})
        name = request.path_params["path"]
        known = {file.name: file for file in self._directory.iterdir()}
        return FileResponse(known.get(name, known[PAGE]), headers=HEADERS)
