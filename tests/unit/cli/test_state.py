"""A notice names a grid only as long as the process that left it lives."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import state
from cli.banner import banner
from cli.state import Running
from streams.errors import Misconfigured
from streams.io.settings import Settings
from tests.unit.engines.children import LIVES, python


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path / "data")
    state.home(made)
    return made


@pytest.fixture
def child(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(python(LIVES, tmp_path / "ready"))
    yield process
    process.kill()
    process.wait()


def running(pid: int) -> Running:
    return Running(
        pid=pid,
        born=state.born(pid),
        ready_s=9.5,
        addresses={"gateway": "http://g", "kafka": "k:1", "registry": "http://r", "triton": "t:2"},
        notes=("models run inside the worker: no wheel",),
        states={"kafka": "ready"},
        processes={"kafka": 7},
    )


def test_what_was_written_is_read(settings: Settings) -> None:
    here = running(os.getpid())
    state.write(settings, here)
    assert state.read(settings) == here
    state.remove(settings)
    state.remove(settings)
    assert state.read(settings) is None


def test_the_notice_of_a_process_that_ended_means_nothing(
    settings: Settings, child: "subprocess.Popen[bytes]"
) -> None:
    state.write(settings, running(child.pid))
    assert state.read(settings) is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert state.read(settings) is None, "dead, though its parent has not noticed"
    child.wait()
    assert state.read(settings) is None


def test_a_stranger_that_got_the_same_process_id_is_no_grid(settings: Settings) -> None:
    state.write(settings, running(os.getpid())._replace(born="1"))
    assert state.read(settings) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "notes": []}'])
def test_a_notice_that_is_not_ours_means_nothing(settings: Settings, text: str) -> None:
    (settings.data_dir / "run" / "grid.json").write_text(text)
    assert state.read(settings) is None


def test_a_data_directory_below_a_file_is_refused_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be used: Not a directory") as refused:
        state.home(Settings(data_dir=tmp_path / "file" / "data"))
    assert "AETHER_DATA_DIR" in refused.value.fix


def test_the_banner_tells_addresses_data_notes_and_what_to_try(settings: Settings) -> None:
    assert banner(settings, running(1)).splitlines() == [
        "Aether Grid is ready after 9.5 s",
        "",
        "  console      http://g/console/",
        "  OpenAI API   http://g/v1",
        "  Kafka        k:1",
        "  registry     http://r",
        "  Triton       t:2",
        f"  data         {settings.data_dir}",
        "  note         models run inside the worker: no wheel",
        "",
        "Try:",
        "  aether ingest docs              let it remember some documents",
        '  aether ask "What is the law?"   ask about them',
        "  aether run list                 see what happened, event by event",
        "  aether down                     stop it",
    ]
