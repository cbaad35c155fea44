"""How deep may be nested what is handed on to a model: less than whoever writes JSON anew can do.

Reading is no test of it: orjson reads a thousand levels and writes a quarter of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.errors import invalid

LEVELS_MAX = 200


def check(body: Mapping[str, Any], fields: Iterable[str]) -> None:
    """Raise ApiError naming the first of some fields that is nested too deep."""
    for name in sorted(fields):
        if _is_deeper(body.get(name), LEVELS_MAX):
            raise invalid(f"{name}: nested more than {LEVELS_MAX} levels deep", name)


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)
