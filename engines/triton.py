"""The embedded Triton: the server of a Python package, serving a model repository on the CPU.

It runs from an environment of its own, because its Python backend speaks numpy 1 only.
"""

import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.environment import Environment
from engines.ports import LOOPBACK, require_free
from engines.probe import http_answers
from engines.process import plain_environment
from engines.service import Service

NAME = "triton"
_PYTHONS = ((3, 11), (3, 12))  # with a stub in the package and a wheel of numpy 1
_GLIBC = (2, 35)
_LIBRARY_PLACES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory is, not a place of ours
_CAUSES = {
    "Address already in use": "another program took one of its ports: choose another one",
    "Address in use": "another program took one of its ports: choose another one",
    "failed to stat file": "the model repository lacks a file: look at its path",
    "load failed for model": "a model could not be loaded: the reason stands above",
    "No space left on device": "the shared memory or the disk is full",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides whether the embedded Triton can run here."""

    system: str
    processor: str
    libc: str
    python: tuple[int, int]
    # The directory with this interpreter's shared library, which Triton's stub loads.
    python_library: Path | None

    @classmethod
    def this(cls) -> "Machine":
        """Look at the machine and the interpreter that we run on."""
        return cls(
            system=platform.system(),
            processor=platform.machine(),
            libc=os.confstr("CS_GNU_LIBC_VERSION") or "another libc",
            python=sys.version_info[:2],
            python_library=_python_library(),
        )


def triton_available(machine: Machine | None = None) -> str | None:
    """Return why a machine (this one) cannot run the embedded Triton, or None if it can."""
    machine = machine or Machine.this()
    if (machine.system, machine.processor) != ("Linux", "x86_64"):
        return f"it is built for Linux on x86_64, not {machine.system} on {machine.processor}"
    name, _, version = machine.libc.partition(" ")
    if name != "glibc" or tuple(map(int, version.split(".")[:2])) < _GLIBC:
        return f"it needs glibc 2.35 or newer, not {machine.libc}"
    python = "{}.{}".format(*machine.python)
    if machine.python not in _PYTHONS:
        return f"it needs Python 3.11 or 3.12, not {python}"
    if machine.python_library is None:
        return (
            f"libpython{python}.so.1.0 is missing (Debian, Ubuntu: apt install libpython{python})"
        )
    return None


def _python_library() -> Path | None:
    file = "libpython{}.{}.so.1.0".format(*sys.version_info)
    own = (sysconfig.get_config_var("LIBDIR"), f"{sys.base_prefix}/lib")
    places = (Path(place) for place in (*own, *_LIBRARY_PLACES) if place)
    return next((place for place in places if (place / file).exists()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonPorts:
    """The three doors of one Triton."""

    http: int
    grpc: int
    metrics: int


def triton(
    home: Environment,
    *,
    models: Sequence[str],
    repository: Path,
    ports: TritonPorts,
    log: Path,
    environment: Mapping[str, str],
) -> Service:
    """Return a Triton that serves `models` of `repository`; `home` has been made ready."""
    shared_memory = f"aether-{ports.grpc}-"

    def prepare() -> None:
        for port, setting in _doors(ports):
            require_free(port, "Triton", setting)
        _remove_left_overs(shared_memory)

    return Service(
        name=NAME,
        command=[
            str(home.packages / "pytriton/tritonserver/bin/tritonserver"),
            f"--model-repository={repository}",
            f"--backend-directory={_backends(home)}",
            f"--backend-config=python,shm-region-prefix-name={shared_memory}",
            *("--model-control-mode=explicit", "--disable-auto-complete-config"),
            *(f"--load-model={model}" for model in models),
            *(f"--{kind}-address={LOOPBACK}" for kind in ("http", "grpc", "metrics")),
            *(f"--{kind}-port={port}" for kind, port in _kinds(ports)),
            *("--allow-gpu-metrics=false", "--pinned-memory-pool-byte-size=0"),
            "--exit-timeout-secs=5",
        ],
        environment={**plain_environment(environment), **_surroundings(home, environment)},
        directory=repository,
        log=log,
        ready=lambda: http_answers(ports.http, "/v2/health/ready"),
        prepare=prepare,
        settle=lambda _whole: _remove_left_overs(shared_memory),
        causes=_CAUSES,
    )


def _kinds(ports: TritonPorts) -> tuple[tuple[str, int], ...]:
    return ("http", ports.http), ("grpc", ports.grpc), ("metrics", ports.metrics)


def _doors(ports: TritonPorts) -> tuple[tuple[int, str], ...]:
    return tuple((port, f"ports.triton_{kind}") for kind, port in _kinds(ports))


def _surroundings(home: Environment, environment: Mapping[str, str]) -> dict[str, str]:
    """Let the stub find its libraries, and be the environment's Python.

    The stub reads no PYTHONPATH; the interpreter inside it looks for `python3` in PATH and finds
    its packages beside that one, as in any virtual environment.
    """
    libraries = [home.packages / "nvidia_pytriton.libs", _python_library()]
    return {
        # Weights on huge pages: a text alone is encoded in a tenth less time.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "LD_LIBRARY_PATH": ":".join(str(place) for place in libraries if place),
        "PATH": f"{home.python.parent}:{environment.get('PATH', os.defpath)}",
    }


def _backends(home: Environment) -> Path:
    """Return a directory with the Python backend and this interpreter's stub, made once."""
    backends = home.directory / "backends"
    if backends.exists():
        return backends
    server = home.packages / "pytriton" / "tritonserver"
    version = "{}.{}".format(*sys.version_info)
    unfinished = home.directory / f"backends.{os.getpid()}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(server / "backends", unfinished, copy_function=os.link)
    os.link(
        server / "python_backend_stubs" / version / "triton_python_backend_stub",
        unfinished / "python" / "triton_python_backend_stub",
    )
    try:
        unfinished.rename(backends)
    except OSError:  # another process was faster; what it made is the same
        shutil.rmtree(unfinished)
    return backends


def _remove_left_overs(prefix: str) -> None:
    """Free the shared memory of an earlier process that was killed."""
    for region in _SHARED_MEMORY.glob(f"{prefix}*"):
        region.unlink(missing_ok=True)
