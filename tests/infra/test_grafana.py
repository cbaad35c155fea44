"""The dashboards are what Grafana's schema asks for, and their queries are PromQL."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from engines.console import npm as console_npm
from engines.places import INFRA, cache_directory
from engines.progress import silent
from tests.infra.boards import BOARDS, FOLDER, expressions
from tests.infra.compose_file import SERVICES, mounted
from tests.infra.programs import program, run

KINDS = {"timeseries", "stat"}
UNITS = {"s", "µs", "short", "reqps", "cps"}
GRID_WIDTH = 24
#: Grafana's own types, from its own package, and what checks JSON against them.
TYPES = Path(__file__).with_name("grafana_schema")


def test_there_are_five_and_grafana_is_given_all_of_them() -> None:
    assert set(BOARDS) == {"grid", "lag", "processors", "models", "broker"}
    provider = yaml.safe_load((INFRA / "grafana/dashboards.yml").read_text())["providers"][0]
    place = provider["options"]["path"]
    given = dict(mounted("grafana"))
    for name in BOARDS:
        assert given[f"grafana/dashboards/{name}.json"] == f"{place}/{name}.json"
    assert "grafana/dashboards.yml" in given


def test_they_are_what_their_maker_writes(tmp_path: Path) -> None:
    maker = INFRA / "grafana/make_dashboards"
    subprocess.run([sys.executable, str(maker), str(tmp_path)], check=True)
    for name in BOARDS:
        made = (tmp_path / f"{name}.json").read_text(encoding="utf-8")
        assert made == (FOLDER / f"{name}.json").read_text(encoding="utf-8"), f"run {maker}"


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Return what says whatever Grafana's own types have against some dashboards."""
    folder = tmp_path_factory.mktemp("schema") / "checked"
    shutil.copytree(TYPES, folder)
    npm = console_npm(cache_directory(os.environ), silent, os.environ)
    path = os.pathsep.join((str(Path(npm[0]).parent), os.environ["PATH"]))

    def made(*arguments: str) -> CompletedProcess[str]:
        return run([*npm, *arguments], directory=folder, environment={**os.environ, "PATH": path})

    installed = made("ci", "--ignore-scripts", "--loglevel=error")
    assert installed.returncode == 0, installed.stderr

    def checked(**boards: dict[str, Any]) -> str:
        for name, board in boards.items():
            lines = ('import type { Board } from "./board";', "export const board: Board =")
            said = "\n".join((*lines, json.dumps(board, indent=1)))
            (folder / f"{name}.ts").write_text(said, encoding="utf-8")
        return made("run", "--silent", "check").stdout

    return checked


def test_grafanas_own_types_have_nothing_against_them(check: Callable[..., str]) -> None:
    assert check(**BOARDS) == ""


def test_grafanas_own_types_see_what_is_wrong(check: Callable[..., str]) -> None:
    panel, *others = BOARDS["grid"]["panels"]
    wrong = {**BOARDS["grid"], "panels": [{**panel, "type": 7}, *others]}
    misspelt = {**BOARDS["lag"], "grafTooltip": 1}
    said = check(**{**BOARDS, "grid": wrong, "lag": misspelt})
    assert "grid.ts" in said
    assert "Type 'number' is not assignable to type 'string'" in said
    assert "'\"grafTooltip\"' does not exist in type 'Board'" in said


def test_the_types_are_those_of_the_grafana_that_is_run() -> None:
    named = json.loads((TYPES / "package.json").read_text())["devDependencies"]["@grafana/schema"]
    assert SERVICES["grafana"]["image"] == f"grafana/grafana:{named}"


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_a_dashboard_has_what_the_schema_asks_for(board: dict[str, Any]) -> None:
    assert board["uid"].startswith("aether-")
    assert len(board["uid"]) <= 40
    assert board["title"].startswith("Aether: ")
    assert isinstance(board["schemaVersion"], int)
    assert set(board["time"]) == {"from", "to"}
    assert board["graphTooltip"] in (0, 1, 2)
    for variable in board["templating"]["list"]:
        assert variable["type"] == "query"
        assert variable["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert variable["refresh"] in (0, 1, 2)
        used = [p for p in board["panels"] if f"${variable['name']}" in p["targets"][0]["expr"]]
        assert used, variable["name"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_its_panels_have_what_the_schema_asks_for_and_do_not_overlap(board: dict[str, Any]) -> None:
    taken = set[tuple[int, int]]()
    for panel in board["panels"]:
        assert panel["type"] in KINDS
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["fieldConfig"]["overrides"] == []
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= GRID_WIDTH
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells
        taken |= cells
        for target in panel["targets"]:
            assert set(target) == {"refId", "datasource", "expr", "legendFormat"}


def test_every_query_is_promql(tmp_path: Path) -> None:
    promtool = program("promtool", "apt install prometheus")
    rules = [
        {"record": f"checked:{at}", "expr": expr} for at, (_, expr) in enumerate(expressions())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    checked = run([promtool, "check", "rules", str(file)])
    assert checked.returncode == 0, checked.stdout + checked.stderr
