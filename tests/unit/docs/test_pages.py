"""What the pages say can be found: links, files, commands, settings and exit codes."""

import re
import shlex
from pathlib import Path

import click
import pytest

from cli.codes import CODES, INTERRUPTED
from cli.main import COMMANDS, aether
from streams.io.settings import ROOT, Settings
from tests.pages import PAGES, examples

LANGUAGES = {"sh", "python", "toml", "text"}
_LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
_COMMAND = re.compile(r"(?:\./)?aether ([a-z][a-z-]*)")
_VARIABLE = re.compile(r"AETHER_[A-Z0-9_]+")
_CODE = re.compile(r"(\d+) [a-z]")
NOT_SETTINGS = {"AETHER_CACHE_DIR"}


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in _LINK.findall(text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = set(_COMMAND.findall(page.read_text(encoding="utf-8")))
    assert named <= set(COMMANDS), named - set(COMMANDS)


def test_every_command_in_an_example_takes_its_arguments() -> None:
    lines = [line for e in examples("sh") for line in e.text.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("./aether ")]
    assert commands
    for arguments in commands:
        context = aether.make_context("aether", list(arguments), resilient_parsing=False)
        group: click.Command = aether
        rest = arguments
        while isinstance(group, click.Group):
            name, found, rest = group.resolve_command(context, rest)
            assert found is not None, name
            group = found
        assert group.make_context(group.name, list(rest), parent=context)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    for variable in _VARIABLE.findall(page.read_text(encoding="utf-8")):
        if variable not in NOT_SETTINGS:
            assert _is_setting(variable.removeprefix("AETHER_").lower().split("__")), variable


def _is_setting(path: list[str]) -> bool:
    model = Settings
    for part in path:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return False
        model = field.annotation
    return True


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    text = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    told = text.split("Exit codes:")[1]
    assert {int(code) for code in _CODE.findall(told)} == {0, *CODES.values(), INTERRUPTED}


def test_every_example_says_what_becomes_of_it() -> None:
    fences = re.compile(r"^```(.*)$", re.MULTILINE)
    for page in PAGES:
        opened = fences.findall(page.read_text(encoding="utf-8"))[::2]
        assert set(opened) <= LANGUAGES, page


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("0*.md")}
