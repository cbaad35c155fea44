"""`aether bench NAME`: runs `benchmarks/NAME.py` in the environment that it needs."""

import os
import subprocess
import sys
from pathlib import Path

import click

from cli.output import say
from engines.environment import Environment
from engines.places import REQUIREMENTS, cache_directory
from engines.progress import Console
from streams.io.settings import ROOT

BENCHMARKS = ROOT / "benchmarks"


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> int:
    """Run a benchmark; without a name, list them. Arguments go to it, `-o json` for figures."""
    known = {path.stem: path for path in sorted(BENCHMARKS.glob("*.py")) if path.stem[0] != "_"}
    if name not in known:
        if name is not None:
            say(f"there is no benchmark {name}", fg="red")
        for stem, path in known.items():
            click.echo(f"{stem:12} {_title(path)}")
        return 0 if name is None else 2
    python = _python(name)
    # -P: nothing is imported from a benchmark's own folder, where `replay` is another
    command = [str(python), "-P", str(known[name]), *arguments]
    return subprocess.run(command, cwd=Path.cwd(), env=_environment(), check=False).returncode  # noqa: S603


def _python(name: str) -> Path:
    """Return the interpreter: one with the peers a benchmark names, or our own."""
    lock = REQUIREMENTS / f"bench-{name}.txt"
    if not lock.exists():
        return Path(sys.executable)
    home = Environment(f"bench-{name}", (lock,), cache_directory(os.environ))
    return home.ready(Console(sys.stderr))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _title(path: Path) -> str:
    return path.read_text().split('"""')[1].split("\n")[0]
