"""Every example of the README and the guides runs, as it stands there, on a real grid."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.io.settings import ROOT
from tests.integration.grid.front import LATE_S, Front
from tests.pages import Example, examples

pytestmark = pytest.mark.integration

GATEWAY, SCRATCH = "127.0.0.1:8080", "/tmp/"


@pytest.fixture(scope="module")
def filled(started: Front) -> Front:
    """A grid that remembers the documentation."""
    started.succeed("ingest", str(ROOT / "docs"))
    return started


@pytest.mark.parametrize("example", examples("sh", "python"), ids=lambda e: e.name)
def test_an_example_runs(filled: Front, example: Example, tmp_path: Path) -> None:
    text = example.text.replace(GATEWAY, f"127.0.0.1:{filled.ports['gateway']}")
    text = text.replace(SCRATCH, f"{tmp_path}/")
    command = ["sh", "-euc"] if example.language == "sh" else [sys.executable, "-c"]
    done = subprocess.run(
        [*command, text],
        cwd=ROOT,
        env={**filled.env, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LATE_S,
        check=False,
    )
    assert done.returncode == 0, done
    assert done.stdout.strip(), "it shows nothing"
    assert '"error"' not in done.stdout, done.stdout


def test_the_guides_answer_what_the_demo_asks(filled: Front) -> None:
    answers = {
        "Why does a decider read only one topic?": "the same events with the same ids",
        "What happens to a record that cannot be decoded?": "dead letters",
        "How tall is Mont Blanc?": "Nothing recalled answers this.",
    }
    for question, part in answers.items():
        assert part in filled.succeed("ask", question).out
