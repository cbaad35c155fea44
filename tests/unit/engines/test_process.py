"""A child process never outlives us, and what it printed can be read."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engines.logfile import LogFile
from engines.process import Process, plain_environment
from tests.unit.engines.children import python, wait_for_end

# A process that prints its own id and that of a grandchild of the same group, and stays.
FAMILY = """
import os, signal, subprocess, sys
sleeper = [sys.executable, "-IS", "-c", "import signal; print('up', flush=True); signal.pause()"]
grandchild = subprocess.Popen(sleeper, stdout=subprocess.PIPE)
grandchild.stdout.readline()
os.write(int(sys.argv[1]), f"{os.getpid()} {grandchild.pid}\\n".encode())
signal.pause()
"""
PARENT = """
import os, sys, signal
from pathlib import Path
from engines.logfile import LogFile
from engines.process import Process
sleeper = [sys.executable, "-IS", "-c", "import signal; print('up', flush=True); signal.pause()"]
log = LogFile(Path(sys.argv[1]))
child = Process(sleeper, environment={}, directory=Path("/"), log=log)
while "up" not in log.tail():
    pass
print(child.pid, flush=True)
signal.pause()
"""


def start(tmp_path: Path, *command: str, **environment: str) -> tuple[Process, LogFile]:
    log = LogFile(tmp_path / "logs" / "child.log")
    return Process(command, environment=environment, directory=tmp_path, log=log), log


def test_its_output_its_environment_and_its_directory_are_what_we_chose(tmp_path: Path) -> None:
    code = "import os, sys; print(dict(os.environ)['X'], 'HOME' in os.environ, os.getcwd())"
    child, log = start(tmp_path, *python(code), X="42")
    assert child.wait() == 0
    assert log.tail() == f"42 False {tmp_path}"


def test_its_input_is_empty(tmp_path: Path) -> None:
    child, log = start(tmp_path, *python("import sys; print(repr(sys.stdin.read()))"))
    assert child.wait() == 0
    assert log.tail() == "''"


def test_its_exit_code_is_told_once_it_has_ended(tmp_path: Path) -> None:
    child, _ = start(tmp_path, *python("import signal; signal.pause()"))
    assert child.returncode() is None
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert child.returncode() == -signal.SIGKILL


def test_ending_it_twice_is_harmless(tmp_path: Path) -> None:
    child, _ = start(tmp_path, *python("pass"))
    child.wait()
    child.terminate()
    child.kill()
    assert child.wait() == 0


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    child, log = start(tmp_path, "/does/not/exist")
    assert child.wait() == 127
    assert "/does/not/exist" in log.tail()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_its_children_end_with_it(tmp_path: Path, number: signal.Signals) -> None:
    fifo = tmp_path / "family"
    os.mkfifo(fifo)
    code = "import os, sys; sys.argv[1] = os.open(sys.argv[1], os.O_WRONLY);" + FAMILY
    child, _ = start(tmp_path, *python(code, fifo))
    with fifo.open() as told:
        pid, grandchild = map(int, told.readline().split())
    assert pid == child.pid, "the launcher has become the command"
    os.kill(pid, number)  # only the child, not its group
    child.wait()
    assert wait_for_end(grandchild)


def test_it_dies_with_us_even_if_we_are_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert wait_for_end(child)


def test_the_tail_begins_with_the_last_start(tmp_path: Path) -> None:
    _, log = start(tmp_path, *python("print('before')"))[0].wait(), None
    child, log = start(tmp_path, *python("print('one'); print('two'); print('three')"))
    child.wait()
    assert log.tail() == "one\ntwo\nthree"
    assert log.tail(2) == "two\nthree"


def test_a_large_log_is_set_aside_also_under_a_child_that_writes(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "child.log", large_bytes=10)
    with log.open() as output:
        output.write(b"first, long enough\n")
        output.flush()
        log.rotate()
        output.write(b"second\n")
    assert log.tail() == "second"
    assert log.path.read_bytes() == b"second\n"
    assert (tmp_path / "child.log.1").read_bytes() == b"first, long enough\n"
    log.rotate()
    assert log.path.read_bytes() == b"second\n", "a small log stays as it is"


def test_an_engine_inherits_nothing_that_could_steer_it() -> None:
    given = {"PATH": "/bin", "LANG": "C", "JAVA_TOOL_OPTIONS": "-Xmx1m", "QUARKUS_HTTP_PORT": "1"}
    assert plain_environment(given) == {"PATH": "/bin", "LC_ALL": "C.UTF-8"}
