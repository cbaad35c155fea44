"""Compose itself accepts the file in every profile, and refuses it without its secrets."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from engines.places import INFRA
from engines.process import plain_environment
from tests.infra.compose_file import PATH, SERVICES, pairs
from tests.infra.programs import run

pytestmark = pytest.mark.integration

PROFILES: tuple[list[str], ...] = ([], ["cpu"], ["gpu"], ["cpu", "gpu"])
SECRETS = [name for name, value in pairs((INFRA / "env.example").read_text()).items() if not value]


def ask(
    compose: str, env_file: Path, profiles: list[str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    chosen = [f"--profile={profile}" for profile in profiles]
    command = [compose, "-f", str(PATH), f"--env-file={env_file}", *chosen, *arguments]
    # Without the caller's variables, which stand over the file's.
    return run(command, environment={**plain_environment(os.environ), "COMPOSE_PROFILES": ""})


@pytest.mark.parametrize("profiles", PROFILES)
def test_the_file_is_valid_in_every_profile(
    compose: str, env_file: Path, profiles: list[str]
) -> None:
    asked = ask(compose, env_file, profiles, "config", "-q")
    assert (asked.returncode, asked.stderr) == (0, "")


@pytest.mark.parametrize("profiles", PROFILES)
def test_a_profile_starts_its_triton_and_no_other(
    compose: str, env_file: Path, profiles: list[str]
) -> None:
    started = ask(compose, env_file, profiles, "config", "--services").stdout.split()
    tritons = {f"triton-{profile}" for profile in ("cpu", "gpu")}
    assert set(started) == SERVICES.keys() - tritons | {f"triton-{name}" for name in profiles}


@pytest.mark.parametrize("secret", SECRETS)
def test_without_one_of_its_secrets_nothing_starts(
    compose: str, env_file: Path, tmp_path: Path, secret: str
) -> None:
    lines = env_file.read_text().splitlines(keepends=True)
    incomplete = tmp_path / "incomplete.env"
    incomplete.write_text("".join(line for line in lines if not line.startswith(f"{secret}=")))
    asked = ask(compose, incomplete, ["cpu"], "config", "-q")
    assert asked.returncode != 0
    assert f"required variable {secret} is missing" in asked.stderr


def test_every_file_that_a_service_sees_is_there(compose: str, env_file: Path) -> None:
    read = json.loads(ask(compose, env_file, ["cpu"], "config", "--format=json").stdout)
    files = [Path(config["file"]) for config in read["configs"].values()]
    binds = [
        Path(volume["source"])
        for service in read["services"].values()
        for volume in service.get("volumes", ())
        if volume["type"] == "bind"
    ]
    assert len(files) == 13
    assert [path for path in (*files, *binds) if not path.exists()] == []
