"""What the keeper of the archive says of it: a file that is written anew after every turn."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from streams.io.settings import Settings

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def notice_file(settings: Settings) -> Path:
    """Return the file."""
    return settings.data_dir / "run" / "archive.json"


def tell(settings: Settings, standing: Mapping[str, Any]) -> None:
    """Leave a notice, in one step."""
    path = notice_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(standing))
    unfinished.replace(path)


def known(settings: Settings) -> dict[str, Any] | None:
    """Return what was said last; None if nothing ever was."""
    with suppress(OSError, ValueError):
        told = json.loads(notice_file(settings).read_text())
        return told if isinstance(told, dict) else None
    return None


def in_short(standing: Mapping[str, Any], now_s: float) -> str:
    """Return it for a person, in a line."""
    parts = [f"{standing['sealed']:,} records sealed, {standing['open']:,} not yet"]
    if standing["trims"]:
        parts.append(f"{standing['trimmed']:,} trimmed from the log")
    proven_ms = standing["verified_ms"]
    ago = "never" if proven_ms is None else f"{_span(now_s - proven_ms / 1000)} ago"
    return ", ".join([*parts, f"proven {ago}", *(f"BUT {each}" for each in standing["troubles"])])


def _span(seconds: float) -> str:
    size, unit = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{max(0, int(seconds // size))} {unit}"


def shown(settings: Settings) -> str:
    """Return what was said last for a person; empty if nothing was."""
    told = known(settings)
    return "" if told is None else in_short(told, time.time())
