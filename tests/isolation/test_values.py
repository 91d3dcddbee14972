"""Values take the strict form and come back the same; whatever else comes is no value."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from safeload.isolation import clock, values
from safeload.isolation.channel import GarbledError, NoFormError
from safeload.isolation.clock import Clock, LateError
from safeload.isolation.header import read_header
from safeload.isolation.values import Reader, Writer
from tests.legitimate.sameness import difference


def sent(value: Any) -> tuple[Any, bytearray]:
    """A value's description, as the other side reads it, and its bytes."""
    writer = Writer()
    described = json.loads(json.dumps(writer.value(value)))
    return described, bytearray(b"".join(bytes(part) for part in writer.parts))


def there(value: Any) -> Any:
    """A value as it arrives: as a question, and the same as an answer."""
    described, data = sent(value)
    found = Reader(data).whole(described)
    again = Writer()
    assert (
        json.loads(json.dumps(again.value(Reader(data, Clock(1000)).whole(described)))) == described
    )
    return found


NUMBERS = np.arange(24.0).reshape(2, 3, 4)
FRAME = pd.DataFrame(
    {
        "number": [1.5, np.nan],
        "whole": np.array([1, 2], "i2"),
        "text": ["a", None],
        "object": pd.Series(["a", 3], dtype=object),
        "text as objects": pd.Series(["a", "b"], dtype=object),
        "category": pd.Categorical(["x", None], categories=["y", "x"], ordered=True),
        "nullable": pd.array([1, None], dtype="Int16"),
        "flag": pd.array([True, None], dtype="boolean"),
        "when": pd.to_datetime(["2026-01-01", None]),
        7: [True, False],
    }
)
ARRAYS = {
    "floats": NUMBERS,
    "floats in columns": np.asfortranarray(NUMBERS),
    "a slice": NUMBERS[:, ::2],
    "nothing": np.empty((0, 3)),
    "one number": np.array(3.5),
    "big-endian": np.arange(3, dtype=">i4"),
    "halves": np.arange(3, dtype="f2"),
    "complex": np.array([1j, 2]),
    "booleans": np.array([True, False]),
    "text": np.array(["a", "\U0001f600\0", ""]),
    "empty texts": np.array(["", ""]),
    "bytes": np.array([b"a", b"bc"]),
    "dates": np.array(["2026-01-01", "NaT"], "M8[D]"),
    "moments": np.array([1, 2], "M8[25us]"),
    "durations": np.array([1, 2], "m8[ns]"),
    "labels": np.array(["a", "b", "a", None, 1, True, 1.0, "\udc80"], dtype=object),
    "labels in a table": np.array([["a", "b"], ["c", "a"]], dtype=object),
    "no labels": np.array([], dtype=object),
}
SPARSE = {
    f"{container.__name__} as {form}": container(NUMBERS[0] % 3, dtype="f8").asformat(form)
    for container in (sparse.csr_matrix, sparse.csr_array)
    for form in ("csr", "csc")
}


@pytest.mark.parametrize("what", ARRAYS)
def test_an_array_comes_back_the_same(what: str) -> None:
    array = ARRAYS[what]
    found = there(array)
    assert difference(found, array.astype(found.dtype)) is None
    assert found.flags.f_contiguous == np.asarray(array, order="K").flags.f_contiguous or (
        what == "a slice"
    )
    assert found.flags.aligned
    assert found.flags.owndata or found.base.flags.owndata


@pytest.mark.parametrize("what", SPARSE)
def test_a_sparse_matrix_comes_back_the_same(what: str) -> None:
    matrix = SPARSE[what]
    found = there(matrix)
    assert type(found) is type(matrix)
    assert (found != matrix).nnz == 0


def test_a_sparse_matrix_in_another_form_comes_back_by_rows() -> None:
    matrix = sparse.coo_matrix(NUMBERS[0] % 3)
    assert (there(matrix) != matrix.tocsr()).nnz == 0


@pytest.mark.parametrize(
    "index",
    [
        None,
        [5, 6],
        ["p", "q"],
        pd.Index(["p", "q"], dtype=object),
        pd.to_datetime(["2026", "2027"]),
    ],
)
def test_a_frame_comes_back_the_same(index: Any) -> None:
    frame = FRAME if index is None else FRAME.set_axis(index)
    found = there(frame)
    pd.testing.assert_frame_equal(found, frame, check_freq=False)
    for name in frame:
        pd.testing.assert_series_equal(there(frame[name]), frame[name], check_freq=False)


def test_columns_of_one_name_stay_apart() -> None:
    frame = pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"])
    pd.testing.assert_frame_equal(there(frame), frame)


def test_many_columns_come_back_the_same() -> None:
    frame = pd.DataFrame(np.arange(600.0).reshape(3, 200)).astype({5: "str", 7: "category"})
    found = there(frame)
    pd.testing.assert_frame_equal(found, frame)
    found["another"] = 1


def test_a_frame_without_columns_keeps_its_rows() -> None:
    assert there(pd.DataFrame(index=range(3))).shape == (3, 0)


@pytest.mark.parametrize(
    "value",
    [
        ["a text", "another"],
        [{"a": 1, "b": "x"}, {}],
        [[1, 2.5], [float("inf"), True]],
        [np.float64(1.5), np.str_("a")],
        [],
        None,
        "text",
        [np.ones(2), np.zeros((2, 2))],
    ],
    ids=str,
)
def test_plain_values_come_back_the_same(value: Any) -> None:
    found = there(value)
    assert difference(found, value) is None or found == value


class Text(str):
    """A text of a class of its own."""


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([[1], "a"], dtype=object),
        [10**5000],
        np.array([("a", 1)], dtype="U1,i4"),
        np.ma.array([1], mask=[True]),
        object(),
        {1: 2},
        {"a": {"b": object()}},
        lambda: None,
        pd.DataFrame({("a", "b"): [1]}),
        pd.DataFrame({"a": pd.to_datetime(["2026-01-01"]).tz_localize("UTC")}),
        pd.DataFrame({"a": [[1]]}),
        pd.Timestamp("2026-01-01"),
        sparse.coo_array(np.ones(3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_form_is_not_sent(value: Any) -> None:
    with pytest.raises(NoFormError):
        Writer().value(value)


def test_lists_without_end_are_not_sent() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NoFormError):
        Writer().value(endless)
    endless.append(np.ones(1))
    with pytest.raises(NoFormError):
        Writer().value(endless)


def test_a_text_of_another_class_is_sent_as_text() -> None:
    assert type(there([Text("a")])[0]) is str


# -- what a process that was taken over may send --------------------------------------------------

ARRAY: dict[str, Any] = {"kind": "array", "dtype": "<f8", "shape": [2], "order": "C"}
CODES: dict[str, Any] = {"kind": "array", "dtype": "<i8", "shape": [2], "order": "C"}
EMPTY: dict[str, Any] = {**ARRAY, "shape": [0]}
INTS = np.array([0, 1], "<i4").tobytes()


def csr(data: Any, indices: Any, indptr: Any, shape: Any = (2, 2), **changes: Any) -> Any:
    """A sparse matrix, whatever its parts are."""
    writer = Writer()
    parts = {"data": data, "indices": indices, "indptr": indptr}
    described = {
        "kind": "sparse", "format": "csr", "is_matrix": True, "shape": list(shape),
        **{name: writer.array(np.asarray(part)) for name, part in parts.items()}, **changes,
    }  # fmt: skip
    return described, b"".join(bytes(part) for part in writer.parts)


def ints(*values: int) -> Any:
    return np.array(values, "i4")


FORGED: dict[str, tuple[Any, bytes]] = {
    "fewer bytes than the shape asks for": (ARRAY, bytes(15)),
    "more bytes": (ARRAY, bytes(17)),
    "objects from bytes": ({**ARRAY, "dtype": "|O"}, bytes(16)),
    "a type with fields": ({**ARRAY, "dtype": "f4,O"}, bytes(16)),
    "a type that is a class": ({**ARRAY, "dtype": "object"}, bytes(16)),
    "a type that is not a text": ({**ARRAY, "dtype": [["a", "O"]]}, bytes(16)),
    "long doubles": ({**ARRAY, "dtype": "<f16"}, bytes(32)),
    "text of no length": ({**ARRAY, "dtype": "<U0", "shape": [1 << 40]}, b""),
    "a shape below zero": ({**ARRAY, "shape": [-1, -2]}, bytes(16)),
    "a shape of fractions": ({**ARRAY, "shape": [2.0]}, bytes(16)),
    "a shape of booleans": ({**ARRAY, "shape": [True, 2]}, bytes(16)),
    "a shape that overflows": ({**ARRAY, "shape": [1 << 62, 1 << 62, 0]}, b""),
    "a shape of many dimensions": ({**ARRAY, "shape": [1] * 65 + [2]}, bytes(16)),
    "a shape that is not a list": ({**ARRAY, "shape": 2}, bytes(16)),
    "an order that is none": ({**ARRAY, "order": "K"}, bytes(16)),
    "a boolean of 2": ({**ARRAY, "dtype": "|b1"}, b"\x01\x02"),
    "a character beyond Unicode": ({**ARRAY, "dtype": "<U1"}, b"\xff\xff\xff\x7f" * 2),
    "a value that is not there": ({"kind": "objects", "values": ["a"], "codes": CODES},
                                  np.array([0, 1]).tobytes()),
    "a value before the first": ({"kind": "objects", "values": ["a"], "codes": CODES},
                                 np.array([0, -1]).tobytes()),
    "values that are lists": ({"kind": "objects", "values": [["a"]], "codes": CODES},
                              np.array([0, 0]).tobytes()),
    "codes that are not integers": ({"kind": "objects", "values": ["a"], "codes": ARRAY},
    bytes(16)), "codes of codes": ({"kind": "objects", "values": ["a"], "codes":
                        {"kind": "objects", "values": [0], "codes": CODES}}, bytes(16)),
    "an index beyond the last column": csr([1.0, 1.0], ints(0, 2), ints(0, 1, 2)),
    "an index below zero": csr([1.0, 1.0], ints(0, -1), ints(0, 1, 2)),
    "an index pointer that goes back": csr([1.0, 1.0], ints(0, 1), ints(0, 3, 2)),
    "an index pointer that starts late": csr([1.0, 1.0], ints(0, 1), ints(1, 1, 2)),
    "an index pointer too short": csr([1.0, 1.0], ints(0, 1), ints(0, 2)),
    "an index pointer beyond the data": csr([1.0, 1.0], ints(0, 1), ints(0, 1, 9)),
    "no index pointer": csr([], ints(), ints(), (0, 2)),
    "indices of another type": csr([1.0, 1.0], np.array([0, 1], "u8"), ints(0, 1, 2)),
    "indices in a table": csr([1.0, 1.0], ints(0, 1).reshape(1, 2), ints(0, 1, 2)),
    "a sparse matrix of text": csr(["a", "b"], ints(0, 1), ints(0, 1, 2)),
    "a sparse matrix of another form": csr([1.0], ints(0), ints(0, 1, 1), format="bsr"),
    "a sparse matrix below zero": csr([], ints(), ints(0), (-1, 2)),
    "a sparse matrix of fractions": csr([1.0], ints(0), ints(0, 1, 1), (2.0, 2)),
    "a frame whose columns are lost": (
        {"kind": "frame", "names": ["a", "b"], "index": 2, "columns": [ARRAY]}, bytes(16)),
    "a frame of other rows": (
        {"kind": "frame", "names": ["a"], "index": 3, "columns": [ARRAY]}, bytes(16)),
    "a frame of endless rows": (
        {"kind": "frame", "names": [], "index": 1 << 40, "columns": []}, b""),
    "a frame of named lists": (
        {"kind": "frame", "names": [["a"]], "index": 2, "columns": [ARRAY]}, bytes(16)),
    "a column of another type": (
        {"kind": "series", "name": None, "index": 2,
         "values": {"kind": "nullable", "dtype": "object", "values": ARRAY}}, bytes(16)),
    "a category that is not there": (
        {"kind": "series", "name": None, "index": 2, "values": {
            "kind": "categories", "ordered": False, "categories": {
                "kind": "objects", "values": [], "codes": {**CODES, "shape": [0]}},
            "codes": CODES}}, np.array([0, 7]).tobytes()),
    "a kind that is none": ({"kind": "pickle", "value": "gA=="}, b""),
    "no kind": ({}, b""),
    "no description": (None, b""),
    "codes that are narrower than what is made of them": (
        {"kind": "objects", "values": ["a"], "codes": {**CODES, "dtype": "|i1"}}, bytes(2)),
    "values that are a dict": ({"kind": "objects", "values": {"a": 1}, "codes": CODES},
                               np.array([0, 0]).tobytes()),
    "rows without end and without a byte": ({**ARRAY, "shape": [1 << 40, 0]}, b""),
    "columns without end": csr([], ints(), ints(0), (0, 1 << 40)),
    "a column of text, which would be copied for each row": (
        {"kind": "series", "name": None, "index": 2, "values": {**ARRAY, "dtype": "<U2"}},
        bytes(16)),
    "an index of text": (
        {"kind": "frame", "names": [], "index": {**ARRAY, "dtype": "|S8"}, "columns": []},
        bytes(16)),
    "a nullable column of an array": (
        {"kind": "series", "name": None, "index": 2,
         "values": {"kind": "nullable", "dtype": "Float64", "values": ARRAY}}, bytes(16)),
    "a nullable column of other values": (
        {"kind": "series", "name": None, "index": 2, "values": {
            "kind": "nullable", "dtype": "Int64",
            "values": {"kind": "objects", "values": ["1"], "codes": CODES}}}, bytes(16)),
    "names that are text": (
        {"kind": "frame", "names": "ab", "index": 2, "columns": [ARRAY, ARRAY]}, bytes(32)),
    "columns that are a dict": (
        {"kind": "frame", "names": ["a"], "index": 2, "columns": {"a": ARRAY}}, bytes(16)),
    "a list of itself, as it were": ({"kind": "list", "items": None}, b""),
    "bytes without an array": ({"kind": "plain", "value": 1}, b"x"),
}  # fmt: skip


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("what", FORGED)
def test_what_fits_together_no_better_is_no_value(what: str) -> None:
    described, data = FORGED[what]
    for time in (None, Clock(1000)):
        with pytest.raises(GarbledError):
            Reader(bytearray(data), time).whole(described)


@pytest.mark.guarantee("G19")
def test_a_description_within_descriptions_without_end_is_no_value() -> None:
    described: Any = ARRAY
    for _ in range(10_000):
        described = {"kind": "list", "items": [described]}
    with pytest.raises(GarbledError):
        Reader(bytearray(16)).whole(described)


def collide(number: int) -> Any:
    """Different numbers for which pandas has one place in its tables, in no order."""
    low = np.arange(number, dtype="u8")
    high = (7 ^ low ^ (low << 11)) & 0x7FFFFFFF
    return np.random.default_rng(0).permutation((high << 33 | low).astype("i8"))


def categories(values: Any, *, in_order: bool = False) -> Any:
    found = pd.Index(np.sort(values) if in_order else values, dtype=values.dtype)
    return pd.Series(pd.Categorical.from_codes(np.zeros(1, "i8"), found))


MANY = np.arange(20_000)[::-1]


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize(
    "values",
    [collide(20_000), MANY * 0.5, np.array([n << 61 for n in MANY.tolist()], dtype=object)],
)
def test_many_categories_are_not_looked_for_where_their_places_may_be_the_same(values: Any) -> None:
    described, data = sent(categories(values))
    with pytest.raises(GarbledError):
        Reader(data, Clock(1000)).whole(described)
    # Who asks is trusted.
    assert len(Reader(data).whole(described).cat.categories) == len(values)


@pytest.mark.parametrize(
    "values",
    [
        categories(MANY, in_order=True),
        categories(MANY.astype("M8[s]"), in_order=True),
        categories(MANY[:1000]),
        categories(np.array(list(map(str, MANY)), dtype=object)),
        pd.Series(list(map(str, MANY)), dtype="category"),
    ],
)
def test_legitimate_categories_may_be_many(values: Any) -> None:
    pd.testing.assert_series_equal(there(values), values)


ROWS = 1 << 16
PLACES = {"kind": "array", "dtype": "<i8", "shape": [ROWS], "order": "C"}
LABELS: Any = {"kind": "objects", "values": ["a" * 1000], "codes": PLACES}
LARGE: Any = {
    "an array": PLACES,
    "booleans": {**PLACES, "dtype": "|b1", "shape": [ROWS * 8]},
    "text": {**PLACES, "dtype": "<U1", "shape": [ROWS * 2]},
    "values": LABELS,
    "a column": {"kind": "series", "name": None, "index": ROWS, "values": PLACES},
    "a column of bytes": {"kind": "series", "name": None, "index": ROWS * 8,
                          "values": {**PLACES, "dtype": "|u1", "shape": [ROWS * 8]}},
    "a column of values": {"kind": "frame", "names": ["a"], "index": ROWS, "columns": [LABELS]},
    "an index": {"kind": "frame", "names": [], "index": LABELS, "columns": []},
    **{
        f"a nullable column of {dtype}": {"kind": "series", "name": None, "index": ROWS, "values": {
            "kind": "nullable", "dtype": dtype, "values": {**LABELS, "values": [value]}}}
        for dtype, value in {"Int8": 1, "Float64": 1.5, "boolean": True, "string": "a" * 1000,
                             "str": "a" * 30}.items()
    },
}  # fmt: skip


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("what", LARGE)
def test_what_is_made_of_bytes_takes_little_more(what: str) -> None:
    data, text = bytearray(ROWS * 8), bytearray(json.dumps(LARGE[what]).encode())
    Reader(bytearray(data), Clock(1000)).whole(read_header(text))
    tracemalloc.start()
    try:
        Reader(data, Clock(1000)).whole(read_header(text))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Besides the bytes themselves, what belongs to pandas and to one piece.
    times = 7 if "of str" in what else 3
    assert peak < times * len(data) + 50 * len(text) + 200_000


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize(
    "described",
    [
        {"kind": "list", "items": [{"kind": "plain", "value": 1}] * 100},
        {"kind": "frame", "names": ["a"] * 100, "index": 0, "columns": [EMPTY] * 100},
        {"kind": "objects", "values": [1] * 100, "codes": dict(EMPTY, dtype="<i8")},
    ],
)
def test_what_takes_longer_than_there_is_time_is_late(
    monkeypatch: pytest.MonkeyPatch, described: Any
) -> None:
    assert Reader(bytearray(), Clock(1000)).whole(described) is not None
    # A second passes at every look.
    monkeypatch.setattr(clock, "monotonic", itertools.count().__next__)
    with pytest.raises(LateError):
        Reader(bytearray(), Clock(50)).whole(described)


@pytest.mark.guarantee("G19")
def test_many_bytes_are_copied_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_PIECE", 3)
    table = np.array([["a", "b"], ["b", None]], dtype=object)
    for array in (table, np.asfortranarray(table), table[0], np.array("a", dtype=object)):
        assert difference(there(array), array) is None
    described, data = sent(table.repeat(20))
    monkeypatch.setattr(clock, "monotonic", itertools.count().__next__)
    with pytest.raises(LateError):
        Reader(data, Clock(50)).whole(described)


KINDS = "array objects sparse list plain frame series nullable categories".split()
KEYS = (
    "kind dtype shape order values codes data indices indptr format is_matrix items value names "
    "index columns name categories"
).split()
SCALARS = st.sampled_from([*KINDS, "<f8", "<i4", "<U1", "|b1", "C", "csr", "Int8", None, True, "x"])
ANYTHING = st.recursive(
    SCALARS | st.integers(-2, 4) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=20,
)


@pytest.mark.guarantee("G19")
@settings(max_examples=500, deadline=None)
@given(ANYTHING, st.binary(max_size=32))
def test_anything_is_a_value_or_none(described: Any, data: bytes) -> None:
    for time in (None, Clock(1000)):
        with suppress(GarbledError):
            Reader(bytearray(data), time).whole(described)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["<f8", ">i4", "|b1", "<U3", "|S2", "<M8[s]", "<c16", "|u1"]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
def test_every_array_comes_back_the_same(array: Any) -> None:
    assert difference(there(array), array) is None
