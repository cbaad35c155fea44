"""The environment's part of the settings, for who must be quick: nothing is imported here.

Settings themselves are in `settings.py`.
"""

import os
from pathlib import Path

PREFIX, NESTED = "AETHER_", "__"
CONFIG_VARIABLE = "AETHER_CONFIG"
_PATHS = (
    CONFIG_VARIABLE,
    "AETHER_DATA_DIR",
    "AETHER_WORKER__FOLDER",
    "AETHER_GATEWAY__CONSOLE",
    "AETHER_TRITON__PACKAGES",
)


def anchor_paths() -> None:
    """Let relative paths mean from here on; the processes that we start begin elsewhere."""
    for name in _PATHS:
        if value := os.environ.get(name):
            os.environ[name] = str(Path(value).expanduser().absolute())
