"""Every command that takes a scope refuses one that nobody could recall from."""

import pytest
from click.testing import CliRunner

from cli.main import aether

COMMANDS = (
    ("ingest", "."),
    ("memory", "list"),
    ("memory", "remember", "tea at four"),
    ("memory", "search", "when is tea?"),
)


@pytest.mark.parametrize("scope", ["", "@grid", "user:", "everybody", "user: ada", "Tenant:acme"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_is_refused_before_anything_is_done(command: tuple[str, ...], scope: str) -> None:
    done = CliRunner().invoke(aether, [*command, "--scope", scope])
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{scope!r} is no scope" in " ".join(done.stderr.split())
