"""`aether doctor`: what the grid needs of this machine, checked one by one."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from typing import NamedTuple

import click

from cli import state
from cli.output import emit, formatted
from engines.places import cache_directory
from engines.ports import require_free
from engines.triton import triton_available
from streams.errors import AetherError
from streams.io.settings import Settings, read_settings

DISK_MIN_GB, MEMORY_MIN_GB = 2, 3


class Finding(NamedTuple):
    """One thing that was looked at; `fix` says what to do about it."""

    check: str
    state: str
    said: str
    fix: str = ""


@click.command()
@formatted
def doctor(output: str) -> int:
    """Check what the grid needs, and say what is missing; exit code 1 if something is."""
    findings = list(examine())
    emit(output, [f._asdict() for f in findings], ["state", "check", "said", "fix"])
    return 1 if any(f.state == "missing" for f in findings) else 0


def examine() -> Iterator[Finding]:
    """Look at everything; what fails says so and does not hide the rest."""
    try:
        settings = read_settings()
    except AetherError as error:
        yield Finding("settings", "missing", str(error), error.fix)
        return
    yield Finding("settings", "ok", "no mistakes")
    for check in (_python, _triton, _disk, _memory, _models):
        yield check(settings)
    yield from _ports(settings)


def _python(_: Settings) -> Finding:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    fine = sys.version_info >= (3, 11) and platform.system() == "Linux"
    return Finding("python", "ok" if fine else "missing", said, "" if fine else "use Linux, 3.11+")


def _triton(settings: Settings) -> Finding:
    reason = None if settings.triton.address else triton_available()
    if reason is None:
        return Finding("triton", "ok", "can run")
    return Finding("triton", "note", f"models will run inside the worker: {reason}")


def _disk(settings: Settings) -> Finding:
    place = cache_directory(os.environ)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    fine = free >= DISK_MIN_GB
    said = f"{free:.0f} GB free for {place}; data in {settings.data_dir}"
    return Finding("disk", "ok" if fine else "missing", said, "" if fine else "make room")


def _memory(_: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    fine = total >= MEMORY_MIN_GB
    return Finding("memory", "ok" if fine else "note", f"{total:.0f} GB")


def _models(settings: Settings) -> Finding:
    without = [
        f"{name} ({endpoint.api_key_env})"
        for name, endpoint in settings.models.items()
        if endpoint.api_key_env and not os.environ.get(endpoint.api_key_env)
    ]
    if without:
        said = f"no key for {', '.join(without)}"
        return Finding("models", "missing", said, "export the variable")
    return Finding("models", "ok", f"extractive, {', '.join(settings.models) or 'no others set'}")


def _ports(settings: Settings) -> Iterator[Finding]:
    if state.read(settings) is not None:
        yield Finding("ports", "ok", "held by the grid that runs")
        return
    for name, port in settings.ports:
        try:
            require_free(port, name, f"ports.{name}")
        except AetherError as error:
            yield Finding(f"port {name}", "missing", str(error), error.fix)
            continue
        yield Finding(f"port {name}", "ok", f"{port} is free")
