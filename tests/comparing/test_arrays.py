"""How far two arrays are apart, whatever is in them and however they lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from safeload.comparing import arrays as comparing
from safeload.comparing.arrays import Change, change_between, outline_of

RECORD = np.dtype([("left", "<i8"), ("threshold", "<f8"), ("name", "S2"), ("vector", "<f4", (2,))])
NAN, INF = np.nan, np.inf

CASES: dict[str, tuple[Any, Any, Change | None]] = {
    "equal numbers": ([1.0, 2.0], [1.0, 2.0], Change(0, None)),
    "a number that changed": ([1.0, 2.0], [1.0, 2.5], Change(1, 0.5)),
    "the largest counts": ([1.0, 2.0, 3.0], [1.25, 0.0, 3.0], Change(2, 2.0)),
    "not a number twice": ([NAN, 1.0], [NAN, 1.0], Change(0, None)),
    "a number that is none any more": ([1.0], [NAN], Change(1, None)),
    "one that became infinite": ([1.0, 1.0], [INF, 2.0], Change(2, 1.0)),
    "whole numbers": ([1, 2], [4, 2], Change(1, 3.0)),
    "bytes around zero": (np.array([0], "u1"), np.array([255], "u1"), Change(1, 255.0)),
    "flags": ([True, False], [True, True], Change(1, 1.0)),
    "complex numbers": ([1j], [1.0 + 0j], Change(1, float(abs(1j - 1)))),
    "texts": (["a", "b"], ["a", "c"], Change(1, None)),
    "dates": (
        np.array(["2026-01-01", "NaT"], "M8[D]"), np.array(["2026-01-02", "NaT"], "M8[D]"),
        Change(1, None),
    ),
    "no elements": (np.zeros((0, 3)), np.zeros((0, 3)), Change(0, None)),
    "no dimensions": (np.array(1.0), np.array(3.0), Change(1, 2.0)),
    "another shape": ([1.0, 2.0], [[1.0, 2.0]], None),
    "another type": ([1.0], [1], None),
    "another order of bytes": (np.array([1.0], "<f8"), np.array([1.0], ">f8"), None),
    "raw bytes": (np.array([b"ab"], "V2"), np.array([b"ac"], "V2"), Change(1, None)),
    "records": (
        np.array([(1, 0.5, b"a", (0, 0)), (2, 0.5, b"b", (0, 0))], RECORD),
        np.array([(1, 0.5, b"a", (0, 0)), (5, 0.0, b"c", (0, 2))], RECORD),
        Change(1, 3.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("at_once", [1, 1 << 18])
def test_the_distance_of(case: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_AT_ONCE", at_once)
    first, second, expected = CASES[case]
    assert change_between(np.array(first), np.array(second)) == expected


@settings(max_examples=60, deadline=None)
@given(
    array=arrays.arrays(
        arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    )
)
def test_any_array_is_equal_to_itself_however_it_lies(array: Any) -> None:
    other = np.array(array, order="F", copy=True)
    change = change_between(array, other)
    assert change == Change(0, None)
    assert outline_of(array) == outline_of(other)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_as_many_elements_differ_as_were_changed(data: st.DataObject) -> None:
    first = np.arange(float(data.draw(st.integers(1, 20))))
    changed = data.draw(st.sets(st.integers(0, len(first) - 1)))
    second = first.copy()
    second[list(changed)] += 2.0
    assert change_between(first, second) == Change(len(changed), 2.0 if changed else None)
    assert (outline_of(first) == outline_of(second)) is not bool(changed)
