"""The real downloader: nothing of an earlier build is used, and a dead network is told as such."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engines.artifact import Artifact, read_lock
from engines.fetch import fetch, is_complete
from engines.maven import download
from engines.places import LOCKS, REPOSITORY
from engines.progress import silent

pytestmark = pytest.mark.integration


def smallest() -> Artifact:
    return min(read_lock(LOCKS / "kafka.toml"), key=lambda artifact: artifact.bytes)


def test_a_file_arrives_whole_although_the_users_maven_cache_holds_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = smallest()
    home = tmp_path / "m2"
    stale = home.joinpath(*artifact.group.split("."), artifact.name, artifact.version)
    stale.mkdir(parents=True)
    (stale / artifact.filename).write_bytes(b"half")
    monkeypatch.setenv("M2_REPO", str(home))
    fetch([artifact], tmp_path / "jars", download, silent, "test")
    assert is_complete([artifact], tmp_path / "jars")
    assert (stale / artifact.filename).read_bytes() == b"half", "and it is left as it was"


def test_without_a_network_the_error_says_what_to_check(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from engines.fetch import fetch
from engines.maven import download
from engines.progress import silent
from streams.errors import EngineFailed
from tests.integration.engines.test_maven import smallest
try:
    fetch([smallest()], Path(sys.argv[1]), download, silent, "test")
except EngineFailed as exc:
    print(exc, exc.fix)
"""
    told = subprocess.check_output(
        [sys.executable, "-c", code, str(tmp_path / "jars")],
        cwd=REPOSITORY,
        text=True,
        env={
            **os.environ,
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        },
    )
    assert f"could not download {smallest().filename}" in told
    assert "proxy" in told
    assert not list((tmp_path / "jars").iterdir())
