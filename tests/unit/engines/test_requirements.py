"""The locks are complete, agree with each other, and say where nothing comes from."""

import re
import tomllib

import pytest

from engines.places import REPOSITORY, REQUIREMENTS

LOCKS = (
    "product",
    "test",
    "triton",
    "weights",
    "encoder",
    "bench-quix",
    "peer-semantic-router",
    "peer-litellm",
)
ENTRY = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$", re.M)


def text(lock: str) -> str:
    return (REQUIREMENTS / f"{lock}.txt").read_text()


def entries(lock: str) -> set[tuple[str, str, str | None]]:
    return {
        (found["name"], found["version"], found["marker"]) for found in ENTRY.finditer(text(lock))
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_has_an_exact_version_and_a_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text(lock), flags=re.M))
    assert len(blocks) == len(entries(lock)) > 0
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host_or_a_place(lock: str) -> None:
    assert not re.search(r"://|--index|--find-links|--extra", text(lock))


def test_the_tests_run_on_exactly_what_the_product_runs_on() -> None:
    assert entries("product") < entries("test")


def test_the_encoder_fits_into_the_product() -> None:
    names = {name for name, _, _ in entries("encoder")} & {
        name for name, _, _ in entries("product")
    }
    shared = {entry for entry in entries("encoder") if entry[0] in names}
    assert names
    assert shared <= entries("product")


def test_every_dependency_of_the_project_is_locked() -> None:
    """A failure says: run `requirements/lock`."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    locked = {name: version for name, version, _ in entries("product")}
    for dependency in project["dependencies"]:
        name, _, version = re.sub(r"\[.*\]", "", dependency).partition("==")
        assert name in locked, dependency
        assert version in ("", locked[name])
