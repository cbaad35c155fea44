"""Where things that every clone shares are kept; nothing else lies outside the repository."""

from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LOCKS = Path(__file__).resolve().parent / "locks"
REQUIREMENTS = REPOSITORY / "requirements"
INFRA = REPOSITORY / "infra"


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return the cache's path; it can be deleted at any time that no grid runs."""
    if chosen := environment.get("AETHER_CACHE_DIR"):
        return Path(chosen).expanduser().absolute()
    shared = environment.get("XDG_CACHE_HOME", "")
    root = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return root / "aether-grid"
