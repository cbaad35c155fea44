"""Avro readers and writers written out for our own event classes, as plain Python functions.

They do what fastavro does, byte for byte (a property test holds them to it), in a third of the
time or less, because they know the fields, build no dictionaries and call nothing per field.
"""

import struct
import types
from collections.abc import Callable, Collection, Iterator
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from streams.io.avro_parts import blocks, length_at, long_at, number, numbers, varint
from streams.values import making, twin_of

#: Where the body begins: after the magic byte and the schema's id.
BODY = 5
#: Lengths and numbers below this are written from a table.
SMALL = 4096


class Compiled(NamedTuple):
    """`write(event)` returns the body alone; `read(value)` starts after the framing.

    `read` raises ValueError, IndexError or struct.error for anything but exactly one event.
    """

    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def compile_for(kind: type) -> Compiled:
    """Write the functions for an event class, whose fields stand in its schema's order."""
    writer = _Writer()
    parts = writer.record(kind, "v")
    writer.lines.append(f"return b''.join(({', '.join(parts)},))")
    write = _function(kind, "write(v)", writer.lines, writer.scope)
    return Compiled(write, reader_for(kind))


def reader_for(kind: type, only: Collection[str] | None = None) -> Callable[[bytes], Any]:
    """Write what reads an event, or some fields of it alone; the others cannot even be asked for.

    Of what lies between these, lengths, counts and choices are checked like all else; a text may be
    no UTF-8, and a double no number. What lies behind the last of them is not looked at.
    """
    reader = _Reader()
    made = reader.record(kind, only)
    ends = "i != len(v)" if only is None else "i > len(v)"
    reader.lines += [f"if {ends}: raise ValueError('%d bytes do not belong' % (len(v) - i))"]
    reader.lines.append(f"return {made}")
    read: Callable[[bytes], Any] = _function(kind, f"read(v, i={BODY})", reader.lines, reader.scope)
    return read


def _function(kind: type, signature: str, lines: list[str], scope: dict[str, Any]) -> Any:
    source = f"def {signature}:\n" + "\n".join(f" {line}" for line in lines)
    exec(compile(source, f"<avro {kind.__name__}>", "exec"), scope)  # noqa: S102 - our own names
    return scope[signature.partition("(")[0]]


_PACK = struct.Struct("<d")
LENGTHS = [varint(number) for number in range(SMALL)]


def _scope() -> dict[str, Any]:
    return {
        "N": LENGTHS,
        "varint": varint,
        "blocks": blocks,
        "numbers": numbers,
        "pack": _PACK.pack,
        "unpack": _PACK.unpack_from,
        "long_at": long_at,
        "number": number,
        "length_at": length_at,
    }


def _shape(kind: Any) -> tuple[str, Any]:
    """Say what sort of type it is, with what is inside."""
    if get_origin(kind) is Annotated:
        return kind.__metadata__[0], bytes
    kind = getattr(kind, "__supertype__", kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "enum", kind
    if isinstance(kind, type) and is_dataclass(kind):
        return "record", kind
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return "array", arguments[0]
    if get_origin(kind) in (Union, types.UnionType):
        return "optional", next(a for a in arguments if a is not type(None))
    return {str: "text", bytes: "bytes", int: "long", float: "double", bool: "boolean"}[kind], kind


def _up_to(all_of: tuple[Field[Any], ...], only: Collection[str] | None) -> Iterator[Field[Any]]:
    """Yield fields up to the last of some."""
    left = None if only is None else set(only)
    for field in all_of:
        if left == set():
            return
        yield field
        if left is not None:
            left.discard(field.name)


class _Source:
    """Lines of a function under way, with the names they use."""

    def __init__(self) -> None:
        self.scope = _scope()
        self.lines: list[str] = []
        self._names = 0

    def name(self, prefix: str, value: Any = None) -> str:
        self._names += 1
        name = f"{prefix}{self._names}"
        if value is not None:
            self.scope[name] = value
        return name


class _Writer(_Source):
    """Turns a value into the expressions of its parts."""

    def record(self, kind: type, value: str) -> list[str]:
        hints = get_type_hints(kind, include_extras=True)
        parts: list[str] = []
        for field in fields(kind):
            parts += self.parts(hints[field.name], f"{value}.{field.name}")
        return parts

    def parts(self, kind: Any, value: str) -> list[str]:
        shape, inner = _shape(kind)
        match shape:
            case "text" | "bytes" | "vector":
                name = self.name("t")
                self.lines.append(f"{name} = {value}{'.encode()' if shape == 'text' else ''}")
                small = f"N[len({name})] if len({name}) < {SMALL} else varint(len({name}))"
                return [small, name]
            case "long":
                return [f"N[{value}] if 0 <= {value} < {SMALL} else varint({value})"]
            case "double":
                return [f"pack(number({value}))"]
            case "boolean":
                return [f"b'\\1' if {value} else b'\\0'"]
            case "enum":
                members = {m: varint(at) for at, m in enumerate(inner)}
                return [f"{self.name('e', members)}[{value}]"]
            case "array":
                return [f"blocks([{self.single(inner)}(x) for x in {value}])"]
            case "optional":
                write = self.single(inner)
                return [f"b'\\0' if {value} is None else b'\\2' + {write}({value})"]
            case _:
                return self.record(inner, value)

    def single(self, kind: Any) -> str:
        """Return the name of a function that writes one value of a type."""
        writer = _Writer()
        parts = writer.parts(kind, "v")
        writer.lines.append(f"return b''.join(({', '.join(parts)},))")
        return self.name("w", _function(_Writer, "write(v)", writer.lines, writer.scope))


class _Reader(_Source):
    """Turns a type into lines that read it from `v` at `i`; each returns the name of its value."""

    def __init__(self) -> None:
        super().__init__()
        self._passes = False  # whether what is read now is not kept

    def record(self, kind: type, only: Collection[str] | None = None) -> str:
        hints, made, given = get_type_hints(kind, include_extras=True), self.name("r"), {}
        passes = self._passes
        for field in _up_to(fields(kind), only):
            self._passes = passes or (only is not None and field.name not in only)
            value = self.value(hints[field.name])
            if not self._passes:
                given[field.name] = value
        self._passes = passes
        if passes:
            return "None"
        names = self.name("K", kind), self.name("T", twin_of(kind))
        self.lines.append(making(made, *names, given))
        return made

    def value(self, kind: Any) -> str:
        """Emit what reads a value; return an expression for it."""
        shape, inner = _shape(kind)
        name = self.name("x")
        match shape:
            case "text" | "bytes" | "vector" if self._passes:
                self._over()
                return "None"
            case "text" | "bytes":
                self._length()
                text = ".decode()" if shape == "text" else ""
                self.lines.append(f"{name} = v[i:(i := i + (n >> 1))]{text}")
            case "vector":
                self._length()
                self.lines.append(f"{name} = numbers(v[i:(i := i + (n >> 1))])")
            case "long":
                self.lines += ["n = v[i]", f"if n > 127: {name}, i = long_at(v, i)"]
                self.lines.append(f"else: {name} = n >> 1 ^ -(n & 1); i += 1")
            case "double" if self._passes:
                self.lines.append("i += 8")
                return "None"
            case "double":
                self.lines += [f"({name},) = unpack(v, i)", "i += 8"]
                self.lines.append(f"if {name} - {name}: number({name})")  # 0 for a number alone
            case "boolean":
                self.lines += [f"{name} = {self._choice((False, True))}[v[i]]", "i += 1"]
            case "enum":
                self.lines += [f"{name} = {self._choice((*inner,), 2)}[v[i]]", "i += 1"]
            case "array":
                self._array(inner, name)
            case "optional":
                self._optional(inner, name)
            case _:
                return self.record(inner)
        return name

    def _choice(self, values: tuple[Any, ...], step: int = 1) -> str:
        return self.name("c", {at * step: value for at, value in enumerate(values)})

    def _length(self) -> None:
        """Emit what reads a length, doubled; nearly all have one byte or two."""
        self.lines += ["n = v[i]", "i += 1", "if n & 129:", " m = v[i]"]
        self.lines.append(" if n & 1 or m > 127: n, i = length_at(v, i - 1)")
        self.lines.append(" else: n += (m << 7) - 128; i += 1")

    def _over(self) -> None:
        """Emit what passes over a text, with as few steps as there can be."""
        self.lines += ["n = v[i]", "if n & 129:", " m = v[i + 1]"]
        self.lines.append(" if n & 1 or m > 127: n, i = length_at(v, i); i += n >> 1")
        self.lines.append(" else: i += (n + (m << 7) - 124) >> 1")
        self.lines.append("else: i += (n + 2) >> 1")

    def _nested(self, kind: Any) -> list[str]:
        """Return the lines that read one value into `y`."""
        outer, self.lines = self.lines, []
        made = self.value(kind)
        lines, self.lines = [*self.lines, f"y = {made}"], outer
        return lines

    def _array(self, inner: Any, name: str) -> None:
        """Blocks of items: a negative count is followed by the block's size in bytes."""
        left, items = self.name("l"), self.name("a")
        self.lines += [f"{items} = []", "while True:", f" {left} = v[i]"]
        self.lines += [f" if not {left} & 129: {left} >>= 1; i += 1"]
        self.lines += [f" else: {left}, i = long_at(v, i)", f" if not {left}: break"]
        self.lines.append(f" if {left} < 0: {left} = -{left}; i = long_at(v, i)[1]")
        self.lines.append(f" while {left}:")
        self.lines += [f"  {line}" for line in self._nested(inner)]
        keep = [] if self._passes else [f"  {items}.append(y)"]
        self.lines += [*keep, f"  {left} -= 1", f"{name} = tuple({items})"]

    def _optional(self, inner: Any, name: str) -> None:
        self.lines += ["n = v[i]", "i += 1", f"if n == 0: {name} = None", "elif n == 2:"]
        self.lines += [f" {line}" for line in self._nested(inner)]
        self.lines += [
            f" {name} = y",
            "else: raise ValueError('a union of two has no branch %d' % n)",
        ]
