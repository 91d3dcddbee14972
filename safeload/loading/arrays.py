"""Array spans become arrays, views into the artefact's bytes wherever that is as good as a copy.

An array is a view if it is large and its bytes lie aligned, so that nothing is copied twice; a
small one is a copy, so that it does not keep the whole file in memory.

Trust: spans come from the scan and lie within the bytes; dtypes hold no objects.
Source: joblib ``NumpyArrayWrapper.read_array`` (order, byte order).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from safeload.errors import LoadError
from safeload.scan.program import ArraySpan, Buffer

__all__ = ["Wrapper", "make_array"]

# Below this a copy costs less than what it would keep alive.
_VIEW = 1 << 16


class Wrapper:
    """Takes the place of joblib's wrapper; its attributes are read and checked, never called."""

    dtype: Any


def make_array(
    span: ArraySpan, wrapper: object, data: Buffer, *, views: bool, mmap_mode: str | None
) -> npt.NDArray[Any]:
    """Make the array of a span.

    Args:
        span: Where its bytes lie, and what they are.
        wrapper: The object the code built in the array's place.
        data: The bytes that spans point into; writable unless ``mmap_mode`` is ``"r"``.
        views: Whether a large array may be a view into ``data``.
        mmap_mode: None; ``"r"`` for a read-only view, ``"c"`` for a view of private pages.

    Returns:
        An array of the span's shape and dtype; in native byte order unless ``mmap_mode`` is set,
        as joblib does.

    Raises:
        LoadError: The code built another dtype than the scan read.
    """
    dtype = _dtype(span, wrapper)
    count = span.nbytes // dtype.itemsize if dtype.itemsize else 0
    shape = span.shape if span.order == "C" else span.shape[::-1]
    if count == 0 or dtype.itemsize == 0:
        array = np.empty(shape, dtype)
    else:
        array = np.frombuffer(data, dtype, count, span.offset).reshape(shape)
        keep = mmap_mode is not None or (views and span.nbytes >= _VIEW)
        if not keep or not array.flags.aligned:
            array = array.copy()
    if span.order == "F":
        array = array.transpose()
    return array if mmap_mode is not None else _native(array)


def _dtype(span: ArraySpan, wrapper: object) -> np.dtype[Any]:
    expected = np.dtype(span.dtype)
    found = wrapper.dtype if type(wrapper) is Wrapper else None
    if not isinstance(found, np.dtype) or found != expected or found.hasobject:
        raise LoadError(
            "An array's type is another one than the scan read.",
            code="array-mismatch",
            hint="Please report this file's scan; it should not be possible.",
        )
    return found


def _native(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same values in the byte order of this machine."""
    foreign = ">" if sys.byteorder == "little" else "<"
    dtype = array.dtype
    fields = dtype.fields
    if dtype.byteorder == foreign or (
        dtype.byteorder == "|"
        and fields
        and all(field[0].byteorder == foreign for field in fields.values())
    ):
        return array.byteswap().view(dtype.newbyteorder("="))
    return array
