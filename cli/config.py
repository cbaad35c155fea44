"""`aether config`: the settings in force."""

import click

from cli.output import emit, formatted
from streams.io.settings import read_settings, shown


@click.group()
def config() -> None:
    """Show the settings and where they come from."""


@config.command()
@click.option("--origin", is_flag=True, help="Also say where each value comes from.")
@formatted
def show(origin: bool, output: str) -> None:
    """Show every setting; secrets are masked."""
    rows = [
        {"setting": name, "value": value, **({"origin": source} if origin else {})}
        for name, value, source in shown(read_settings())
    ]
    emit(output, rows, ["setting", "value", *(["origin"] if origin else [])])
