"""The two scripts of `infra/`: one draws a new grid's values, one probes a server's health."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.places import INFRA
from engines.ports import free_port
from tests.infra.compose_file import pairs
from tests.infra.programs import run
from tests.infra.servers import Handler, serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the script works on."""
    for name in ("new-env", "env.example"):
        shutil.copy(INFRA / name, tmp_path)
    return tmp_path


def new_env(folder: Path) -> int:
    return run(["sh", str(folder / "new-env")]).returncode


def test_a_new_file_gives_everything_a_value_of_its_own_and_shows_it_to_nobody(
    folder: Path,
) -> None:
    assert new_env(folder) == 0
    written = folder / ".env"
    example, values = (pairs(path.read_text()) for path in (folder / "env.example", written))
    assert values.keys() == example.keys()
    drawn = [value for name, value in values.items() if not example[name]]
    assert len(set(drawn)) == len(drawn)
    assert min(map(len, drawn)) >= 22
    assert {name: values[name] for name, value in example.items() if value} == {
        "COMPOSE_PROFILES": "cpu"
    }
    assert written.stat().st_mode & 0o777 == 0o600


def test_no_two_grids_get_the_same_values(folder: Path) -> None:
    assert new_env(folder) == 0
    first = (folder / ".env").rename(folder / "first")
    assert new_env(folder) == 0
    one, other = (set(pairs(path.read_text()).values()) for path in (first, folder / ".env"))
    assert one & other == {"cpu"}


def test_values_that_data_was_made_with_are_kept(folder: Path) -> None:
    (folder / ".env").write_text("KAFKA_CLUSTER_ID=old\n")
    assert new_env(folder) == 1
    assert (folder / ".env").read_text() == "KAFKA_CLUSTER_ID=old\n"


class Answers(Handler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:  # noqa: N802 - its own name
        self.send_response(int(self.path.strip("/")))
        self.send_header("content-length", "0")
        self.end_headers()


@pytest.fixture
def answering() -> Iterator[int]:
    """The port of a server."""
    port = free_port()
    with serving(port, Answers):
        yield port


def probe(port: int, path: str) -> int:
    return run(["bash", str(INFRA / "http_ok"), str(port), path]).returncode


def test_the_probe_succeeds_on_200_alone(answering: int) -> None:
    assert [probe(answering, f"/{status}") for status in (200, 204, 404, 503)] == [0, 1, 1, 1]


def test_the_probe_fails_where_nothing_listens() -> None:
    assert probe(free_port(), "/200") == 1
