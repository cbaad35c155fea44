"""Values as plain data and back, and the hash that says whether two states are the same.

The JSON form is canonical: equal values give equal bytes in every process, and none of it is code.
"""

import hashlib
import json
import types
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from streams.pmap import PMap
from streams.values import making, twin_of

Plain = Any


class Form(NamedTuple):
    """How values of one type become plain and come back."""

    dump: Callable[[Any], Plain]
    load: Callable[[Plain], Any]


def _same(value: Any) -> Any:
    return value


SAME = Form(_same, _same)
BASE64 = Form(lambda value: b64encode(value).decode(), b64decode)


@cache
def form_of(kind: Any, bytes_as: Form = BASE64) -> Form:
    """Return the form of a type made of dataclasses, tuples, optional values, enums and PMaps.

    For JSON bytes become base64; `bytes_as=SAME` leaves them to a format that has bytes.
    Raises TypeError for any other type: a state must be able to say what it is.
    """
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its base here
    if kind in (str, int, float, bool, type(None)):
        return SAME
    if kind is bytes:
        return bytes_as
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Form(lambda value: value.value, kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _of_dataclass(kind, bytes_as)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _of_tuple(arguments, bytes_as)
    if origin is PMap:
        return _of_map(form_of(arguments[0], bytes_as))
    if origin in (Union, types.UnionType) and len(arguments) == 2 and type(None) in arguments:
        return _optional(form_of(next(a for a in arguments if a is not type(None)), bytes_as))
    raise TypeError(f"{kind!r} has no plain form; states are made of dataclasses and tuples")


@cache
def shape_of(kind: Any) -> str:
    """Return what the form of a type looks like: another shape cannot be read as this one."""
    kind = getattr(kind, "__supertype__", kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return f"{{{','.join(f'{f.name}:{shape_of(hints[f.name])}' for f in fields(kind))}}}"
    if arguments := get_args(kind):
        origin = get_origin(kind)
        named = "optional" if origin in (Union, types.UnionType) else origin.__name__
        return f"{named}[{','.join('...' if a is ... else shape_of(a) for a in arguments)}]"
    return "enum" if issubclass(kind, Enum) else str(kind.__name__)


def _of_tuple(arguments: tuple[Any, ...], bytes_as: Form) -> Form:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        dump, load = form = form_of(arguments[0], bytes_as)
        if form is SAME:
            return Form(list, tuple)
        return Form(lambda v: [dump(x) for x in v], lambda p: tuple([load(x) for x in p]))
    forms = [form_of(a, bytes_as) for a in arguments]
    return Form(
        lambda v: [f.dump(x) for f, x in zip(forms, v, strict=True)],
        lambda p: tuple(f.load(x) for f, x in zip(forms, p, strict=True)),
    )


def _of_map(form: Form) -> Form:
    dump, load = form
    return Form(
        lambda v: {k: dump(x) for k, x in v.items()},
        lambda p: PMap({k: load(x) for k, x in p.items()}),
    )


def _optional(form: Form) -> Form:
    dump, load = form
    if form is SAME:
        return SAME
    return Form(
        lambda v: None if v is None else dump(v),
        lambda p: None if p is None else load(p),
    )


def _of_dataclass(kind: type, bytes_as: Form) -> Form:
    """Write the two functions out, as `dataclasses` does: a generic loop takes twice the time."""
    hints = get_type_hints(kind)
    scope: dict[str, Any] = {"K": kind, "T": twin_of(kind)}
    dumps, loads = [], dict[str, str]()
    for name in (f.name for f in fields(kind)):
        form = form_of(hints[name], bytes_as)
        scope |= {f"dump_{name}": form.dump, f"load_{name}": form.load}
        value, plain = f"v.{name}", f"p[{name!r}]"
        dumps.append(f"{name!r}: {value if form is SAME else f'dump_{name}({value})'}")
        loads[name] = plain if form is SAME else f"load_{name}({plain})"
    source = (
        f"def dump(v): return {{{', '.join(dumps)}}}\n"
        f"def load(p):\n {making('v', 'K', 'T', loads)}\n return v\n"
    )
    exec(source, scope)  # noqa: S102 - made of the field names of our own classes
    return Form(scope["dump"], scope["load"])


#: Made once: with a form of its own `json.dumps` makes a new one at every call.
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def text_of(plain: Plain) -> str:
    """Write plain data as canonical JSON."""
    return _CANONICAL.encode(plain)


def hash_of(kind: Any, states: Iterable[tuple[str, Any]]) -> str:
    """Return the SHA-256 (hex) of states by key; their order does not matter."""
    dump, digest = form_of(kind).dump, hashlib.sha256()
    for key, state in sorted(states, key=lambda pair: pair[0]):
        digest.update(text_of([key, dump(state)]).encode() + b"\n")
    return digest.hexdigest()
