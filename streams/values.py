"""Values made at every event, without what a frozen class's own constructor costs.

That one sets its fields through `object.__setattr__`, a call each. A twin of the same layout takes
plain assignments; then its instance becomes one of the class, as frozen as any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, TypeVar, cast

V = TypeVar("V")


@cache
def twin_of(kind: type) -> type:
    """Return a class of plain slots whose instances can become ones of a frozen dataclass.

    Raises TypeError for a class without slots, or with a `__post_init__` that would be left out.
    """
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} looks at its fields when it is made")
    twin = type(f"_{kind.__name__}", (), {"__slots__": tuple(f.name for f in fields(kind))})
    twin().__class__ = kind
    return twin


def making(value: str, kind: str, twin: str, given: Mapping[str, str]) -> str:
    """Return the line that makes `value`: names of its class, of the twin, and of given fields."""
    assigned = (f"{value}.{field} = {given[field]}" for field in given)
    return "; ".join((f"{value} = {twin}()", *assigned, f"{value}.__class__ = {kind}"))


def maker(kind: type[V]) -> type[V]:
    """Return what makes a value as the constructor of a frozen dataclass does, but faster.

    Raises TypeError as `twin_of` does, and for a field whose default is made anew each time.
    """
    parameters, scope = [], dict[str, Any]()
    for field in fields(cast(Any, kind)):
        if field.default_factory is not MISSING:
            raise TypeError(f"{field.name} of {kind.__name__} is made anew each time")
        scope[f"d_{field.name}"] = field.default
        default = "" if field.default is MISSING else f"=d_{field.name}"
        parameters.append(f"{field.name}{default}")
    return cast(type[V], _written(kind, parameters, "{0}", scope))


def changer(kind: type[V]) -> Callable[..., V]:
    """Return what makes a value with some fields changed, as `dataclasses.replace` does."""
    names = [field.name for field in fields(cast(Any, kind))]
    parameters = ["value", *(f"{name}=SAME" for name in names)]
    made = "value.{0} if {0} is SAME else {0}"
    return cast(Callable[..., V], _written(kind, parameters, made, {"SAME": object()}))


def _written(kind: type, parameters: list[str], made: str, scope: dict[str, Any]) -> Any:
    given = {field.name: made.format(field.name) for field in fields(cast(Any, kind))}
    scope |= {"K": kind, "T": twin_of(kind)}
    body = making("_made", "K", "T", given)
    source = f"def make({', '.join(parameters)}):\n {body}\n return _made\n"
    exec(source, scope)  # noqa: S102 - made of the field names of our own classes
    return scope["make"]
