"""`aether doctor`: what the grid needs of this machine, checked one by one."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
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
    for check in (_python, _triton, _data, _disk, _memory, _models):
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


def _data(settings: Settings) -> Finding:
    place = _there(settings.data_dir)
    if place.is_dir() and os.access(place, os.W_OK):
        return Finding("data", "ok", str(settings.data_dir))
    said = f"{settings.data_dir}: {place} cannot be written"
    return Finding("data", "missing", said, "choose another directory: AETHER_DATA_DIR")


def _disk(settings: Settings) -> Finding:
    cache = cache_directory(os.environ)
    free, place = min(
        (shutil.disk_usage(_there(path)).free / 1e9, path) for path in (cache, settings.data_dir)
    )
    fine = free >= DISK_MIN_GB
    fix = "" if fine else "make room, or choose other places: AETHER_CACHE_DIR, AETHER_DATA_DIR"
    return Finding("disk", "ok" if fine else "missing", f"{free:.0f} GB free for {place}", fix)


def _there(path: Path) -> Path:
    """Return a path, or the nearest of the folders it would lie in that is there."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def _memory(_: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    fine = total >= MEMORY_MIN_GB
    fix = "" if fine else f"an embedded grid takes about {MEMORY_MIN_GB} GB: close other programs"
    return Finding("memory", "ok" if fine else "note", f"{total:.0f} GB", fix)


def _models(settings: Settings) -> Finding:
    without = {
        name: endpoint.api_key_env
        for name, endpoint in settings.models.items()
        if endpoint.api_key_env and not os.environ.get(endpoint.api_key_env)
    }
    if without:
        said = f"no key for {', '.join(without)}"
        fix = f"export {' '.join(f'{key}=…' for key in sorted(set(without.values())))}"
        return Finding("models", "missing", said, fix)
    return Finding("models", "ok", f"extractive, {', '.join(settings.models) or 'no others set'}")


def _ports(settings: Settings) -> Iterator[Finding]:
    if state.read(settings) is not None:
        yield Finding("ports", "ok", "held by the grid that runs")
        return
    elsewhere = {
        "kafka": settings.kafka.bootstrap,
        "registry": settings.registry.url,
        "triton": settings.triton.address,
    }
    for name, port in settings.ports:
        if elsewhere.get(name.partition("_")[0]):
            continue  # nothing of ours listens there
        try:
            require_free(port, name, f"ports.{name}")
        except AetherError as error:
            yield Finding(f"port {name}", "missing", str(error), error.fix)
            continue
        yield Finding(f"port {name}", "ok", f"{port} is free")
