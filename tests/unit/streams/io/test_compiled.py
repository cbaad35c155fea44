"""The compiled codec against fastavro, which is the reference."""

import io
import json
import math
import struct
from array import array
from dataclasses import fields
from typing import Any, cast

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.sessions import Candidate, TextPerceived
from streams.ids import CapabilityId, RunId
from streams.io import schemas
from streams.io.avro_parts import long_at, varint
from streams.io.compiled import BODY, compile_for, reader_for
from streams.plain import SAME, form_of

KINDS = list(schemas.event_classes())
COMPILED = {kind: compile_for(kind) for kind in KINDS}
SCHEMAS = {kind: fastavro.parse_schema(json.loads(schemas.text_of(kind))) for kind in KINDS}
FRAMING = b"\0" * BODY

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
st.register_type_strategy(bytes, st.lists(FINITE).map(lambda v: array("f", v).tobytes()))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

EVENTS = st.one_of([st.from_type(kind) for kind in KINDS])


def reference(event: Any, count: int | None = None) -> bytes:
    """Return what fastavro writes of an event, or of its first fields."""
    out, kind = io.BytesIO(), cast(Any, type(event))
    plain, schema = form_of(kind, SAME).dump(event), SCHEMAS[kind]
    if count is not None:
        told = json.loads(schemas.text_of(kind))
        schema = fastavro.parse_schema({**told, "fields": told["fields"][:count]})
        plain = {field["name"]: plain[field["name"]] for field in told["fields"][:count]}
    fastavro.schemaless_writer(out, schema, plain, strict=True)
    return out.getvalue()


@given(EVENTS)
def test_what_is_written_is_what_fastavro_writes(event: Any) -> None:
    assert COMPILED[type(event)].write(event) == reference(event)


@given(EVENTS)
def test_what_fastavro_wrote_is_read_back(event: Any) -> None:
    assert COMPILED[type(event)].read(FRAMING + reference(event)) == event


@given(EVENTS, st.data())
def test_a_shortened_or_lengthened_event_is_refused(event: Any, data: st.DataObject) -> None:
    written = FRAMING + reference(event)
    cut = data.draw(st.integers(BODY, len(written) - 1))
    for wrong in (written[:cut], written + b"\0"):
        with pytest.raises((ValueError, IndexError, struct.error)):
            COMPILED[type(event)].read(wrong)


PARTS = {
    (kind, names): reader_for(kind, names)
    for kind in KINDS
    for names in ((), *((field.name,) for field in fields(kind)))
}


@given(EVENTS, st.data())
def test_a_field_is_the_same_read_alone_and_no_other_is_there(
    event: Any, data: st.DataObject
) -> None:
    kind: Any = type(event)
    names = data.draw(st.sampled_from([names for known, names in PARTS if known is kind]))
    part = PARTS[kind, names](FRAMING + reference(event))
    assert type(part) is kind
    for field in fields(kind):
        if field.name in names:
            assert getattr(part, field.name) == getattr(event, field.name)
        else:
            with pytest.raises(AttributeError):
                getattr(part, field.name)


@given(EVENTS, st.data())
def test_of_a_part_what_lies_before_its_end_is_whole_and_what_lies_behind_is_left(
    event: Any, data: st.DataObject
) -> None:
    written, kind = FRAMING + reference(event), type(event)
    names = data.draw(st.sampled_from([names for known, names in PARTS if known is kind]))
    end = max((n for n, field in enumerate(fields(kind), 1) if field.name in names), default=0)
    needed, whole = len(reference(event, end)), len(reference(event))
    behind = data.draw(st.integers(BODY + needed, BODY + whole))
    part = PARTS[kind, names](written[:behind] + b"\xff")
    assert [getattr(part, name) for name in names] == [getattr(event, name) for name in names]
    for cut in range(BODY, BODY + needed):
        with pytest.raises((ValueError, IndexError, struct.error)):
            PARTS[kind, names](written[:cut])


@given(st.sampled_from(sorted(PARTS, key=str)), st.binary(max_size=200))
def test_any_bytes_are_read_in_part_or_refused(part: Any, body: bytes) -> None:
    try:
        event = PARTS[part](FRAMING + body)
    except (ValueError, IndexError, KeyError, struct.error):
        return
    assert type(event) is part[0]


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_any_bytes_are_an_event_or_are_refused(kind: type, body: bytes) -> None:
    try:
        event = COMPILED[kind].read(FRAMING + body)
    except (ValueError, IndexError, KeyError, struct.error):
        return
    assert type(event) is kind


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_number_survives(number: int) -> None:
    assert long_at(varint(number), 0) == (number, len(varint(number)))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_of_more_than_64_bits_is_never_written(number: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        varint(number)


@pytest.mark.parametrize("last", [b"\x02", b"\x7f", b"\xff\x01"])
def test_a_number_of_more_than_64_bits_is_refused(last: bytes) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        long_at(b"\xff" * 9 + last, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_neither_written_nor_read(value: float) -> None:
    compiled = compile_for(Candidate)
    with pytest.raises(ValueError, match="no number"):
        compiled.write(Candidate(capability=CapabilityId("a"), score=value))
    with pytest.raises(ValueError, match="no number"):
        compiled.read(FRAMING + b"\2a" + struct.pack("<d", value))


@pytest.mark.parametrize("vector", [b"abc", array("f", [1.0, math.nan]).tobytes()])
def test_what_is_no_vector_is_refused(vector: bytes) -> None:
    event = TextPerceived(run_id=RunId("r"), text="", scopes=(), encoder="", vector=vector)
    with pytest.raises(ValueError, match=r"vector|bytes"):
        COMPILED[TextPerceived].read(FRAMING + reference(event))


def test_an_array_in_blocks_with_sizes_is_read() -> None:
    from streams.events.registry import Card

    compiled = compile_for(Card)
    card = Card(description="d", examples=("a", "b", "c"), policy="single", model="m")  # type: ignore[arg-type]
    blocks = varint(-2) + varint(4) + b"\2a\2b" + varint(1) + b"\2c" + b"\0"
    assert compiled.read(FRAMING + b"\2d" + blocks + b"\x0csingle\2m\0\0\0") == card


def test_a_count_without_items_is_refused_at_once() -> None:
    from streams.events.registry import Card

    with pytest.raises(IndexError):
        compile_for(Card).read(FRAMING + b"\2d" + varint(2**60))


@given(st.lists(st.floats(width=32)))
def test_a_vector_is_one_exactly_if_all_its_numbers_are(vector: list[float]) -> None:
    event = TextPerceived(
        run_id=RunId("r"), text="", scopes=(), encoder="", vector=array("f", vector).tobytes()
    )
    framed = FRAMING + reference(event)
    if all(map(math.isfinite, vector)):
        assert COMPILED[TextPerceived].read(framed) == event
    else:
        with pytest.raises(ValueError, match="no number"):
            COMPILED[TextPerceived].read(framed)


@given(st.one_of(st.integers(-3, 300), st.integers(-(2**63), 2**63 - 1)))
def test_a_length_is_read_whatever_it_is_and_refused_where_it_is_wrong(length: int) -> None:
    read = COMPILED[TextPerceived].read
    rest = b"\0\0\0"
    body = varint(length) + b"a" * min(max(length, 0), 300) + b"\0" + rest
    if 0 <= length <= 300:
        assert read(FRAMING + body).run_id == "a" * length
    else:
        with pytest.raises((ValueError, IndexError)):
            read(FRAMING + body)
