"""The texts of arrow's arrays are read as pyarrow has them, or not at all."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from safeload.policy.rules.arrow_texts import texts_of
from safeload.scan.scan import scan
from tests.builder import Name, Pickle, Value

ARRAY = Name("pandas.arrays", "ArrowStringArray")


def buffer(data: bytes) -> Value:
    return lambda p: p.call(Name("pyarrow.lib", "py_buffer"), data)


def alias(name: Value) -> Value:
    return lambda p: p.call(Name("pyarrow.lib", "type_for_alias"), name)


def chunk(*texts: str, **forged: Any) -> Value:
    data = [text.encode() for text in texts]
    bounds = [sum(map(len, data[:index])) for index in range(len(data) + 1)]
    parts: dict[str, Any] = {
        "kind": alias("large_string"), "length": len(texts), "nulls": 0, "offset": 0,
        "buffers": [None, buffer(struct.pack(f"<{len(bounds)}q", *bounds)), buffer(b"".join(data))],
        "children": [], "dictionary": None, **forged,
    }  # fmt: skip
    return lambda p: p.call(Name("pyarrow.lib", "_restore_array"), tuple(parts.values()))


def chunks(*arrays: Value) -> Value:
    return lambda p: p.call(Name("pyarrow.lib", "chunked_array"), [*arrays], alias("large_string"))


def read(array: Value, cls: Value = ARRAY, **more: Value) -> list[str] | None:
    data = Pickle(4).object_(cls, state={"_pa_array": array, "_dtype": None, **more}).finish()
    return texts_of(scan(data).programs[0].root)


def offsets(*bounds: int) -> Value:
    return [None, buffer(struct.pack(f"<{len(bounds)}q", *bounds)), buffer(b"abcd")]


HOSTILE: dict[str, Value] = {
    "no array": 5,
    "another type": chunk("a", kind=alias("int64")),
    "a type that is none": chunk("a", kind="large_string"),
    "children": chunk("a", children=[1]),
    "a dictionary": chunk("a", dictionary=1),
    "nulls": chunk("a", nulls=1),
    "a mask of nulls": chunk("a", buffers=[buffer(b"\xff"), buffer(b"\0" * 16), buffer(b"a")]),
    "a length below zero": chunk("a", length=-1),
    "more texts than offsets": chunk("a", length=3),
    "an offset beyond": chunk("a", offset=10**9),
    "offsets that shrink": chunk("a", "b", buffers=offsets(0, 3, 1)),
    "offsets beyond the text": chunk("a", buffers=offsets(0, 5)),
    "offsets below zero": chunk("a", buffers=offsets(-1, 1)),
    "no buffers": chunk("a", buffers=[None, None]),
    "bytes that are not a text": chunk("a", buffers=[None, buffer(b"\0" * 8 + b"\1" + b"\0" * 7),
                                                  buffer(b"\xff")]),
    "a piece that is none": chunks(chunk("a"), 5),
}  # fmt: skip


def test_texts_are_read_in_order() -> None:
    assert read(chunk("a", "", "bcd", "ö")) == ["a", "", "bcd", "ö"]
    assert read(chunk()) == []
    assert read(chunks(chunk("a"), chunk("b", "c"))) == ["a", "b", "c"]
    assert read(chunk("a", "b", "c", length=2, offset=1)) == ["b", "c"]


@pytest.mark.parametrize("case", HOSTILE)
def test_what_pyarrow_does_not_write_for_texts_is_not_read(case: str) -> None:
    assert read(HOSTILE[case]) is None


def test_other_objects_have_no_texts() -> None:
    assert read(chunk("a"), Name("pandas", "Series")) is None
    assert read(chunk("a"), shape=5) is None
    assert texts_of(None) is None
