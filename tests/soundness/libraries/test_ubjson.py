"""Reading UBJSON: what xgboost writes comes back, and any bytes give a value or an error."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malicious_samples.boosters import ubjson
from safeload.soundness.libraries.ubjson import UBJSONError, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("aé", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=12,
)


def length(size: int) -> bytes:
    return b"L" + struct.pack(">q", size)


@given(VALUES)
def test_what_is_written_comes_back(value: Any) -> None:
    assert parse(memoryview(ubjson(value))) == value


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "i4", "i8", "f4", "f8"])
def test_arrays_of_numbers_come_back(kind: str) -> None:
    array = np.arange(5).astype(kind)
    assert np.array_equal(parse(memoryview(ubjson({"a": array})))["a"], array)


@given(st.binary(max_size=60) | st.lists(st.sampled_from(b"{}[]$#LSZiUIldDTF\0\1"), max_size=40))
def test_any_bytes_give_a_value_or_an_error(data: Any) -> None:
    with contextlib.suppress(UBJSONError):
        parse(memoryview(bytes(data)))


@given(VALUES, st.data())
def test_what_is_cut_short_is_an_error(value: Any, data: st.DataObject) -> None:
    whole = ubjson(value)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(UBJSONError):
        parse(memoryview(whole[:cut]))


REFUSED = {
    "nothing": b"",
    "something behind it": b"ZZ",
    "a key twice": b"{" + 2 * (length(1) + b"aZ") + b"}",
    "an array without a length": b"[ZZ]",
    "a length of eight bits": b"[#i\1Z",
    "a length below zero": b"[#" + length(-1),
    "a length beyond the end": b"[#" + length(2**62),
    "a typed array beyond the end": b"[$l#" + length(2) + bytes(7),
    "an array of texts": b"[$S#" + length(0),
    "a marker that xgboost skips": b"N",
    "a byte that xgboost takes for the end": b"\xff",
    "a number of high precision": b"H" + length(1) + b"1",
    "depth without end": (b"[#" + length(1)) * 1_000 + b"Z",
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_xgboost_does_not_write_is_refused(sentence: str) -> None:
    with pytest.raises(UBJSONError):
        parse(memoryview(REFUSED[sentence]))


def test_a_length_takes_no_memory_without_bytes_to_show_for_it() -> None:
    claims = b"[#" + length(3) + b"Z" * 2 + b"[$L#" + length(2**40)

    tracemalloc.start()
    try:
        with pytest.raises(UBJSONError):
            parse(memoryview(claims))
        assert tracemalloc.get_traced_memory()[1] < 1 << 16
    finally:
        tracemalloc.stop()
