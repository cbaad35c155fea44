"""Conditions on events, such as `type == "RequestRouted" and data.confidence < 0.5`.

Python's own grammar, of which only what looks at values is heeded: nothing is ever called.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from streams.errors import Misconfigured

#: What an event does not have: no comparison with it holds.
ABSENT = object()
LENGTH_MAX = 1_000

Condition = Callable[[Mapping[str, Any]], bool]

_COMPARED: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda part, whole: part in whole,
    ast.NotIn: lambda part, whole: part not in whole,
}
_FIX = 'write it as `type == "RequestRouted" and data.confidence < 0.5`; and, or, not, in'
_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare,
    ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Tuple, *_COMPARED,
)  # fmt: skip


def condition(text: str) -> Condition:
    """Return what an expression says of an event. Raises Misconfigured for what is no condition."""
    try:
        tree = ast.parse(text.strip(), mode="eval") if len(text) <= LENGTH_MAX else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        raise Misconfigured(f"{text[:LENGTH_MAX]!r} is no condition", fix=_FIX)
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise Misconfigured(f"a condition has no {type(node).__name__.lower()}", fix=_FIX)
    return lambda event: bool(_present(_value(tree.body, event)))


def _present(value: Any) -> Any:
    return None if value is ABSENT else value


def _value(node: ast.AST, event: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return event.get(name, ABSENT)
        case ast.Attribute(value=inside, attr=name):
            return _at(_value(inside, event), name)
        case ast.Subscript(value=inside, slice=index):
            return _at(_value(inside, event), _value(index, event))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, event) for item in items]
        case ast.UnaryOp(op=ast.Not(), operand=inside):
            return not _present(_value(inside, event))
        case ast.UnaryOp(operand=inside):
            value = _value(inside, event)
            return -value if isinstance(value, int | float) else ABSENT
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_present(_value(part, event)) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_present(_value(part, event)) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(_value(left, event), ops, [_value(o, event) for o in others])
    return ABSENT


def _at(inside: Any, step: Any) -> Any:
    try:
        return inside[step]
    except (TypeError, LookupError):
        return ABSENT


def _compared(left: Any, ops: list[ast.cmpop], others: list[Any]) -> bool:
    for op, right in zip(ops, others, strict=True):
        try:
            if ABSENT in (left, right) or not _COMPARED[type(op)](left, right):
                return False
        except TypeError:  # things of different kinds have no order
            return False
        left = right
    return True
