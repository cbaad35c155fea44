"""A change to an event: plain values at dotted paths of its fields, checked as the wire would."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from replay.recorded import plain_of
from streams.errors import Misconfigured
from streams.io.compiled import compile_for
from streams.plain import form_of

#: Compiling takes a millisecond, and many runs are changed alike.
_compiled = cache(compile_for)


def changed(event: Any, changes: Mapping[str, Any]) -> Any:
    """Return the event with plain values set, as in `{"options.seed": 7, "text": "why?"}`.

    Raises Misconfigured for a path that the event does not have, or a value that it cannot hold.
    """
    if not changes:
        return event
    kind: Any = type(event)
    plain = plain_of(event)
    for path, value in changes.items():
        _set(plain, path.split("."), value, kind.__name__)
    try:
        made = form_of(kind).load(plain)
        _compiled(kind).write(made)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as exc:
        told = ", ".join(f"{path}={value!r}" for path, value in changes.items())
        raise Misconfigured(f"{kind.__name__} cannot hold {told}: {exc}") from exc
    return made


def _set(plain: Any, path: list[str], value: Any, name: str) -> None:
    *parents, last = path
    for at, part in enumerate(parents):
        plain = _inside(plain, part, ".".join(path[: at + 1]), name)
    _inside(plain, last, ".".join(path), name)
    plain[int(last) if isinstance(plain, list) else last] = value


def _inside(plain: Any, part: str, path: str, name: str) -> Any:
    if isinstance(plain, list) and part.isdigit() and int(part) < len(plain):
        return plain[int(part)]
    if isinstance(plain, dict) and part in plain:
        return plain[part]
    known = ", ".join(plain) if isinstance(plain, dict) else "numbers" if plain else "nothing"
    raise Misconfigured(f"{name} has no {path}", fix=f"there is: {known}")
