"""A real tritonserver for these tests, from any environment that has it, stopped whatever happens.

Loopback only, free ports, all files in a directory of its own.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 15

_DESCRIBE = """
import json, pathlib, sys, sysconfig
site = pathlib.Path(sysconfig.get_paths()["purelib"])
print(json.dumps([str(site), "%d.%d" % sys.version_info[:2]]))
"""


@dataclass(frozen=True, slots=True)
class Triton:
    """Where the server answers, its process, and what it has said."""

    grpc: str
    http: str
    pid: int
    log: Path


class NeverReady(RuntimeError):
    """The server ended, or did not become ready in time; the message ends with its log."""


@contextmanager
def triton(python: Path, repository: Path, folder: Path, models: Sequence[str]) -> Iterator[Triton]:
    """Serve `models` of `repository` with the Triton installed beside `python`."""
    site, version = json.loads(
        subprocess.run([python, "-c", _DESCRIBE], check=True, capture_output=True).stdout
    )
    backends = _backends(Path(site), version, folder / "backends")
    grpc, http, metrics = _free_ports(3)
    command = [
        str(Path(site) / "pytriton/tritonserver/bin/tritonserver"),
        f"--model-repository={repository}",
        f"--backend-directory={backends}",
        "--model-control-mode=explicit",
        *(f"--load-model={name}" for name in models),
        "--disable-auto-complete-config",
        *("--http-address=127.0.0.1", f"--http-port={http}"),
        *("--grpc-address=127.0.0.1", f"--grpc-port={grpc}"),
        *("--metrics-address=127.0.0.1", f"--metrics-port={metrics}"),
    ]
    log = folder / "triton.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=_environment(python, Path(site)), stdout=output, stderr=output
        )
    try:
        server = Triton(f"127.0.0.1:{grpc}", f"http://127.0.0.1:{http}", process.pid, log)
        _wait_until_ready(process, server)
        yield server
    finally:
        _stop(process)


def _backends(site: Path, version: str, folder: Path) -> Path:
    """The Python backend with the stub of this very interpreter beside it."""
    installed = site / "pytriton/tritonserver"
    shutil.copytree(installed / "backends/python", folder / "python")
    stub = installed / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy2(stub, folder / "python")
    return folder


def _environment(python: Path, site: Path) -> dict[str, str]:
    return os.environ | {
        "LD_LIBRARY_PATH": str(site / "nvidia_pytriton.libs"),
        "PYTHONPATH": str(site),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }


def _free_ports(count: int) -> list[int]:
    """Ports that are free together; all are held until the last is known."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _wait_until_ready(process: subprocess.Popen[bytes], server: Triton) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.http}/v2/health/ready", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise NeverReady(f"tritonserver {server.pid} is not ready\n{server.log.read_text()[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
