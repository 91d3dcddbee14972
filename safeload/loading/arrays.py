"""Array spans become arrays, views into the artefact's bytes wherever that is as good as a copy.

An array is a view if it is large and its bytes lie aligned, so that nothing is copied twice; a
small one is a copy, so that it does not keep the whole file in memory.

Trust: spans come from the scan and lie within the bytes; dtypes hold no objects.
Source: joblib ``NumpyArrayWrapper.read_array`` (order, byte order).
"""

from __future__ import annotations

import sys
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from safeload.errors import LoadError
from safeload.scan.arrays.specs import dtype_of
from safeload.scan.program import ArraySpan, Buffer

__all__ = ["ArrayMaker", "Wrapper"]

# Below this a copy costs less than what it would keep alive.
_VIEW = 1 << 16


class Wrapper:
    """Takes the place of joblib's wrapper; its attributes are read and checked, never called."""

    dtype: Any


class ArrayMaker:
    """Makes the arrays of one file.

    Args:
        data: The bytes that spans point into; writable unless ``mmap_mode`` is ``"r"``.
        views: Whether a large array may be a view into ``data``.
        mmap_mode: None; ``"r"`` for read-only views, ``"c"`` for views of private pages.
        native: Whether arrays that the file describes beside their bytes are turned into the
            machine's byte order as well: joblib does that, numpy does not.
    """

    def __init__(
        self, data: Buffer, *, views: bool, mmap_mode: str | None, native: bool = False
    ) -> None:
        self.data = data
        self._native = native
        self._views = views
        self._mmap_mode = mmap_mode
        # Types that were compared, by the identity of what the scan read and the code built.
        self._dtypes: dict[tuple[int, int], tuple[np.dtype[Any], bool]] = {}

    def of(self, data: Buffer) -> ArrayMaker:
        """The maker of the arrays that lie in the bytes of another file.

        Args:
            data: The bytes.
        """
        return ArrayMaker(data, views=True, mmap_mode=self._mmap_mode, native=True)

    def make(self, span: ArraySpan, wrapper: object) -> npt.NDArray[Any]:
        """Make the array of a span.

        Args:
            span: Where its bytes lie, and what they are.
            wrapper: The object the code built in the array's place; None for an array that the file
                describes beside its bytes.

        Returns:
            An array of the span's shape and dtype; in native byte order, as joblib has it, unless
            ``mmap_mode`` is set or the file is numpy's own.

        Raises:
            LoadError: The code built another dtype than the scan read.
        """
        if span.matrix:
            return self._plain(span, wrapper).view(np.matrix)
        return self._plain(span, wrapper)

    def _plain(self, span: ArraySpan, wrapper: object) -> npt.NDArray[Any]:
        dtype, foreign = self._dtype(span, wrapper)
        if span.described and not self._native:
            foreign = False
        order: Literal["C", "F"] = "F" if span.order == "F" else "C"
        if span.nbytes == 0:
            native = foreign and self._mmap_mode is None
            return np.empty(span.shape, dtype.newbyteorder("=") if native else dtype, order=order)
        array: npt.NDArray[Any] = np.ndarray(span.shape, dtype, self.data, span.offset, order=order)
        if self._mmap_mode is not None:
            array.flags.writeable = self._mmap_mode == "c"
            return array
        if not self._views or span.nbytes < _VIEW or not array.flags.aligned:
            array = array.copy("K")
        return array.byteswap().view(dtype.newbyteorder("=")) if foreign else array

    def _dtype(self, span: ArraySpan, wrapper: object) -> tuple[np.dtype[Any], bool]:
        """The array's type, and whether its byte order is not this machine's."""
        found = dtype_of(span.dtype) if span.described else getattr(wrapper, "dtype", None)
        key = id(span.dtype), id(found)
        known = self._dtypes.get(key)
        if known is None:
            expected = dtype_of(span.dtype)
            if not isinstance(found, np.dtype) or found != expected or found.hasobject:
                raise LoadError(
                    "An array's type is another one than the scan read.",
                    code="array-mismatch",
                    hint="Please report this file's scan; it should not be possible.",
                )
            # What the code built may still be changed by the code; what is made here may not.
            known = self._dtypes[key] = expected, _is_foreign(expected)
        return known


def _is_foreign(dtype: np.dtype[Any]) -> bool:
    foreign = ">" if sys.byteorder == "little" else "<"
    fields = dtype.fields
    return dtype.byteorder == foreign or bool(
        dtype.byteorder == "|"
        and fields
        and all(field[0].byteorder == foreign for field in fields.values())
    )
