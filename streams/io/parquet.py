"""Rows as Parquet in memory: equal rows give equal bytes, so that a content address means a range.

The only module that imports pyarrow, which is slow to import: import this one where it is needed.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import reduce
from itertools import pairwise
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from streams.errors import Undecodable

ROW_GROUP = 20_000
UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)


class Type(Enum):
    """What a column holds; every value may be null. A pair list is `[(name, bytes), …]`."""

    INT = pa.int64()
    REAL = pa.float64()
    TEXT = pa.string()
    BYTES = pa.binary()
    TEXTS = pa.list_(pa.string())
    PAIRS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))


class Table(NamedTuple):
    """Columns of equal length, and words about all of them."""

    columns: Mapping[str, Sequence[Any]]
    about: Mapping[str, str]


def written(types: Mapping[str, Type], table: Table) -> bytes:
    """Return a table as a Parquet file."""
    arrays = [_array(kind, table.columns[name]) for name, kind in types.items()]
    schema = _schema(types).with_metadata(dict(table.about))
    made = pa.Table.from_arrays(arrays, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink, row_group_size=ROW_GROUP, compression="zstd", version="2.6")
    return bytes(sink.getvalue())


def read(content: bytes, types: Mapping[str, Type]) -> Table:
    """Return some columns of a Parquet file. Raises Undecodable for anything else."""
    try:
        found = pq.read_table(pa.BufferReader(content), columns=list(types), use_threads=False)
        about = {k.decode(): v.decode() for k, v in (found.schema.metadata or {}).items()}
        columns = {name: _values(kind, found.column(name)) for name, kind in types.items()}
    except UNREADABLE as exc:
        raise Undecodable(f"not the Parquet it should be: {exc}") from exc
    return Table(columns, about)


class Part(NamedTuple):
    """A file, and the columns that have one value in all of its rows and are not in it."""

    path: Path
    known: Mapping[str, Any]


def scanned(types: Mapping[str, Type], parts: Sequence[Part]) -> pads.Dataset:
    """Return many files as one table of these columns, of which only what is asked for is read."""
    return pads.FileSystemDataset.from_paths(
        [str(part.path) for part in parts],
        schema=_schema(types),
        format=pads.ParquetFileFormat(),
        filesystem=LocalFileSystem(),
        partitions=[_known(types, part.known) for part in parts],
    )


def _known(types: Mapping[str, Type], known: Mapping[str, Any]) -> pads.Expression:
    claims = [pads.field(name) == pa.scalar(of, types[name].value) for name, of in known.items()]
    return reduce(and_, claims, pads.scalar(True))


def _schema(types: Mapping[str, Type]) -> pa.Schema:
    return pa.schema([(name, kind.value) for name, kind in types.items()])


def _array(kind: Type, values: Sequence[Any]) -> Any:
    """Pairs go in flat: one object per header would take most of the time."""
    if kind is not Type.PAIRS:
        return pa.array(values, kind.value)
    starts = [0]
    for pairs in values:
        starts.append(starts[-1] + len(pairs))
    names = pa.array([name for pairs in values for name, _ in pairs], pa.string())
    contents = pa.array([content for pairs in values for _, content in pairs], pa.binary())
    items = pa.StructArray.from_arrays([names, contents], ["name", "value"])
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items)


def _values(kind: Type, column: Any) -> Sequence[Any]:
    if column.type != kind.value:
        raise ValueError(f"a column holds {column.type}, not {kind.value}")
    if kind is not Type.PAIRS:
        values: list[Any] = column.to_pylist()
        return values
    found: list[Any] = []
    for chunk in column.chunks:
        starts, items = chunk.offsets.to_pylist(), chunk.values
        pairs = list(zip(items.field(0).to_pylist(), items.field(1).to_pylist(), strict=True))
        found += [pairs[a:b] for a, b in pairwise(starts)]
    return found
