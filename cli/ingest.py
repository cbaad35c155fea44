"""`aether ingest`: offers what a folder holds to a scope, and waits until it can be recalled."""

import os
import time
from pathlib import Path
from typing import NamedTuple

import click

from cli.documents import contents_of, files_in
from cli.indexing import await_index, ends
from cli.output import Bar, emit_one, formatted, say
from cli.scopes import SCOPE
from streams.errors import Misconfigured, Undecodable
from streams.events.memory import Content, MemoryOffered
from streams.ids import EventId, ScopeId, minted
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.scopes import GRID
from streams.topics import MEMORY


class Ingested(NamedTuple):
    """What came of it: how much was offered, how much of it is new.

    `skipped` names the files that could not be read and what was refused, with the reason.
    """

    files: int
    passages: int
    new: int
    skipped: tuple[str, ...]
    seconds: float


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--scope", type=SCOPE, default=GRID, help="Who may recall it, such as `user:NAME`.")
@formatted
def ingest(path: Path, scope: ScopeId, output: str) -> int:
    """Let the grid remember a folder of Markdown, text or chats (JSON lines), or one file.

    What it remembers already is not remembered twice. Exit code 1 if something could not be read.
    """
    done = ingest_folder(read_settings(), path, scope)
    for reason in done.skipped:
        say(f"skipped: {reason}", fg="yellow")
    emit_one(output, done._asdict(), as_text(done))
    return 1 if done.skipped else 0


def as_text(done: Ingested) -> str:
    """Say what came of it in one line."""
    new = "all new" if done.new == done.passages else f"{done.new} of them new"
    return f"{done.passages} passages of {done.files} files, {new}, in {done.seconds:.1f} s"


def ingest_folder(settings: Settings, path: Path, scope: ScopeId = GRID) -> Ingested:
    """Offer everything in `path`; return once it can be recalled.

    Raises Misconfigured if there is nothing to read, TimeoutError if it takes too long.
    """
    began = time.monotonic()
    contents, files, skipped = _read(path)
    with Client(settings) as client:
        starts = ends(client)
        offers: dict[str, Content] = {}
        with Bar("offering passages", len(contents)) as bar:
            for content in contents:
                event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
                offers[event_id] = content
                client.send(MEMORY, scope, MemoryOffered(content=content), event_id)
                bar.advance(1)
            client.flush()
        new, refused = await_index(settings, client, starts, offers)
    seconds = round(time.monotonic() - began, 1)
    return Ingested(files, len(contents), new, (*skipped, *refused), seconds)


def _read(path: Path) -> tuple[list[Content], int, list[str]]:
    contents: list[Content] = []
    skipped: list[str] = []
    files = files_in(path)
    for file in files:
        uri = str(file.relative_to(path)) if path.is_dir() else file.name
        try:
            contents += contents_of(file, uri)
        except Undecodable as error:
            skipped.append(str(error))
    if not files:
        raise Misconfigured(
            f"{path} holds nothing to read", fix="give Markdown, text or JSON lines"
        )
    return contents, len(files) - len(skipped), skipped
