"""A grid apart from others on this machine: a folder and free ports of its own.

Tests and benchmarks run their grids so; what `aether up` starts is never touched.
"""

import os
from pathlib import Path

from engines.ports import free_port
from streams.io.sections import Ports
from streams.io.settings import Settings, read_settings

CACHE = "AETHER_CACHE_DIR"


def settings_in(folder: Path, **given: object) -> Settings:
    """Return settings for a grid of its own below a folder."""
    ports = Ports(**{name: free_port() for name in Ports.model_fields})
    return read_settings(data_dir=folder, ports=ports, **given)


def environment(settings: Settings, **extra: str) -> dict[str, str]:
    """Return what a process of this grid gets: nothing of another grid's settings."""
    ports = {f"AETHER_PORTS__{name.upper()}": str(port) for name, port in settings.ports}
    mine = {k: v for k, v in os.environ.items() if k == CACHE or not k.startswith("AETHER_")}
    return {**mine, **ports, "AETHER_DATA_DIR": str(settings.data_dir), **extra}
