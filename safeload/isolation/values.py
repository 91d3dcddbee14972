"""Inputs and predictions in a strict form: a JSON description, and raw bytes where arrays are.

What has a form: arrays of numbers, booleans, text, dates and durations; arrays of plain Python
values; sparse matrices; lists and dicts of plain values, such as the texts for a vectoriser; lists
of these, such as the probabilities of several outputs; data frames and series
(:mod:`safeload.isolation.frames`).

Trust: what is decoded may come from a process that was taken over. Every array has exactly the
bytes that its type and shape ask for, and none holds a value on which compiled code would stumble:
an index out of range, a boolean that is neither 0 nor 1, a character beyond Unicode. What is made
of raw bytes takes no more than four times their memory, and is made in steps that a clock ends.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from safeload.isolation.channel import Bytes, GarbledError, NoFormError
from safeload.isolation.clock import Clock, LateError
from safeload.isolation.frames import read_frame, write_frame

__all__ = ["Reader", "Writer"]

_Array = npt.NDArray[Any]
# Numbers, booleans, text, dates and durations, all of them of a size.
_TYPE = re.compile(
    r"[<>|](?:b1|[iu][1248]|f[248]|c(?:8|16)|[SU][1-9][0-9]{0,6}"
    r"|[mM]8(?:\[[0-9]{0,9}(?:generic|Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)"
)
_DIMENSIONS = 32
_LARGEST = 1 << 48
# Rows or columns that may be told of without a byte for each.
_UNSEEN = (1 << 31) - 1
_CHARACTERS = 0x10FFFF
_PLAIN = (type(None), bool, int, float, str)
_CODES = np.dtype("<i8")
# CPython writes and reads no more digits than that.
_WHOLE = 10**4_300
_DEPTH = 50
# Bytes that are copied between two looks at the clock.
_PIECE = 1 << 24


class Writer:
    """Takes values apart.

    Attributes:
        parts: The raw bytes of all arrays, in the order of their descriptions.
    """

    def __init__(self) -> None:
        self.parts: list[Bytes] = []

    def value(self, value: Any, depth: int = 0) -> dict[str, Any]:
        """Describe a value.

        Args:
            value: Any that has a form.
            depth: Of lists around it.

        Returns:
            Its description.

        Raises:
            NoFormError: It has none.
        """
        if isinstance(value, np.ndarray):
            return self.array(value)
        if hasattr(value, "toarray") and hasattr(value, "nnz"):
            return self._sparse(value)
        if type(value).__module__.partition(".")[0] == "pandas":
            return write_frame(self.array, value)
        if isinstance(value, list | tuple) and any(isinstance(item, np.ndarray) for item in value):
            if depth == _DEPTH:
                raise NoFormError("lists within lists without end")
            return {"kind": "list", "items": [self.value(item, depth + 1) for item in value]}
        return {"kind": "plain", "value": _plain(value, 0)}

    def array(self, array: _Array) -> dict[str, Any]:
        """Describe an array."""
        if isinstance(array, np.ma.MaskedArray):
            raise NoFormError("a masked array")
        if array.dtype.kind in "OT":
            return self._objects(array)
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype("f8")
        array = np.asarray(array)
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        laid_out = np.ascontiguousarray(array.T if order == "F" else array)
        if not array.dtype.itemsize:
            # Empty texts only; a character for each costs little.
            laid_out = laid_out.astype(f"{array.dtype.kind}1")
        kind = laid_out.dtype.str
        if not _TYPE.fullmatch(kind):
            raise NoFormError(f"an array of {array.dtype}")
        if laid_out.size:
            self.parts.append(laid_out.reshape(-1).view("u1").data)
        return {"kind": "array", "dtype": kind, "shape": list(array.shape), "order": order}

    def _objects(self, array: _Array) -> dict[str, Any]:
        """Plain values, each distinct one once: labels are few, predictions are many."""
        places: dict[tuple[type, Any], int] = {}
        codes = np.empty(array.size, _CODES)
        for number, item in enumerate(array.ravel().tolist()):
            value = _plain(item, _DEPTH)
            codes[number] = places.setdefault((type(value), value), len(places))
        return {
            "kind": "objects",
            "values": [value for _, value in places],
            "codes": self.array(codes.reshape(array.shape)),
        }

    def _sparse(self, matrix: Any) -> dict[str, Any]:
        from scipy import sparse

        if matrix.ndim != 2:
            raise NoFormError("a sparse array that is not a matrix")
        if matrix.format not in ("csr", "csc"):
            matrix = matrix.tocsr()
        return {
            "kind": "sparse",
            "format": matrix.format,
            "is_matrix": isinstance(matrix, sparse.spmatrix),
            "shape": list(map(int, matrix.shape)),
            **{name: self.array(getattr(matrix, name)) for name in ("data", "indices", "indptr")},
        }


def _plain(value: Any, depth: int) -> Any:
    """A value of JSON's types; at the greatest depth, no list or dict any more."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) is int and not -_WHOLE < value < _WHOLE:
        raise NoFormError("a whole number of thousands of digits")
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return str(value)
    if depth < _DEPTH and isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if depth < _DEPTH and isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    raise NoFormError(f"a value of type {type(value).__name__}")


class Reader:
    """Puts values together.

    Args:
        data: The raw bytes of all arrays.
        clock: The time for it; without one, the other side is trusted.

    Attributes:
        is_trusting: Whether the other side would send nothing that takes very long to put together.
    """

    def __init__(self, data: bytearray, clock: Clock | None = None) -> None:
        self._data = data
        self._offset = 0
        self._clock = clock or Clock(math.inf)
        self.is_trusting = clock is None

    def whole(self, described: Any) -> Any:
        """The value of a description, which must account for all bytes.

        Args:
            described: What :meth:`Writer.value` returned, or anything else.

        Returns:
            The value.

        Raises:
            GarbledError: It is not the description of a value.
            LateError: The time is over.
            MemoryError: There is none left.
        """
        try:
            value = self.value(described)
        except (GarbledError, LateError, MemoryError):
            raise
        except Exception as error:
            # numpy and pandas refuse what fits together no better than this reader does.
            raise GarbledError("it describes no value") from error
        if self._offset != len(self._data):
            raise GarbledError("it has bytes that belong to nothing")
        return value

    def value(self, described: Any) -> Any:
        """The value of a description."""
        kinds: dict[str, Callable[[dict[str, Any]], Any]] = {
            "array": self.array,
            "objects": self.array,
            "sparse": self._sparse,
            "list": lambda given: [self.value(item) for item in self.each(given["items"])],
            "plain": lambda given: given["value"],
        }
        kind = described["kind"]
        if kind in ("frame", "series"):
            return read_frame(self, described)
        return kinds[kind](described)

    def each(self, items: Any) -> Iterator[Any]:
        """Go through a list for as long as there is time."""
        if type(items) is not list:
            raise GarbledError("a list is none")
        return self._clock.each(items)

    def array(self, described: dict[str, Any]) -> _Array:
        """An array of any kind."""
        self._clock.left()
        if described["kind"] == "objects":
            return self._objects(described)
        if described["kind"] != "array" or not _TYPE.fullmatch(described["dtype"]):
            raise GarbledError("an array is of no type that may be sent")
        dtype, shape = np.dtype(described["dtype"]), described["shape"]
        if (
            type(shape) is not list
            or len(shape) > _DIMENSIONS
            or not all(type(length) is int and 0 <= length <= _LARGEST for length in shape)
            or (0 in shape and max(shape) > _UNSEEN)
        ):
            raise GarbledError("an array has no shape")
        size = math.prod(shape) * dtype.itemsize
        if size > len(self._data) - self._offset:
            raise GarbledError("an array has fewer bytes than its shape asks for")
        order = described["order"]
        if order not in ("C", "F"):
            raise GarbledError("an array has no order")
        # Aligned, and its own: a view would keep all of the message.
        flat = np.empty(math.prod(shape), dtype)
        if size:
            message = np.frombuffer(self._data, "u1", size, self._offset)
            own = flat.view("u1")
            for start in self._clock.each(range(0, size, _PIECE)):
                end = start + _PIECE
                own[start:end] = message[start:end]
            _check(flat)
        self._offset += size
        return flat.reshape(shape, order=order)

    def table(self, described: dict[str, Any]) -> tuple[_Array, _Array]:
        """Plain values, each once, and the place of each item among them.

        Args:
            described: An array of plain values.

        Returns:
            The values, and an array of their indices, of the shape that is meant.
        """
        if described["kind"] != "objects":
            raise GarbledError("an array of values is none")
        codes = self.array(described["codes"])
        # As large as what is made of them: a small answer makes no large array.
        if codes.dtype != _CODES:
            raise GarbledError("an array of values has no codes")
        given = described["values"]
        table = np.empty(len(given), object)
        for number, value in enumerate(self.each(given)):
            if type(value) not in _PLAIN:
                raise GarbledError("an array of values holds other things")
            table[number] = value
        if codes.size and not 0 <= codes.min() <= codes.max() < len(table):
            raise GarbledError("an array of values refers to one that is not there")
        return table, codes

    def _objects(self, described: dict[str, Any]) -> _Array:
        table, codes = self.table(described)
        self._clock.left()
        # Of an array without dimensions comes the item itself.
        return np.asarray(table[codes], object)

    def _sparse(self, described: dict[str, Any]) -> Any:
        rows, columns = described["shape"]
        data, indices, indptr = (
            self.array(described[name]) for name in ("data", "indices", "indptr")
        )
        row_wise = {"csr": True, "csc": False}[described["format"]]
        major, minor = (rows, columns) if row_wise else (columns, rows)
        if not all(type(n) is int and 0 <= n <= _LARGEST for n in (rows, columns)) or not (
            data.dtype.kind in "biufc"
            and indices.dtype in (np.int32, np.int64)
            and indptr.dtype in (np.int32, np.int64)
            and data.ndim == indices.ndim == indptr.ndim == 1
            and len(indptr) == major + 1
            and minor <= _UNSEEN
            and len(data) == len(indices) == indptr[-1]
            and indptr[0] == 0
            and (indptr[1:] >= indptr[:-1]).all()
            and (not len(indices) or 0 <= indices.min() <= indices.max() < minor)
        ):
            raise GarbledError("a sparse matrix is none")
        from scipy import sparse

        suffix = "matrix" if described["is_matrix"] is True else "array"
        container = getattr(sparse, f"{'csr' if row_wise else 'csc'}_{suffix}")
        return container((data, indices, indptr), shape=(rows, columns))


def _check(array: _Array) -> None:
    """Refuse values that numpy's compiled code takes for impossible; there is one at least."""
    if array.dtype.kind == "b" and array.view("u1").max() > 1:
        raise GarbledError("a boolean is neither true nor false")
    if array.dtype.kind == "U" and array.view(f"{array.dtype.str[0]}u4").max() > _CHARACTERS:
        raise GarbledError("a character is none")
