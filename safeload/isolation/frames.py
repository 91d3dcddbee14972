"""Data frames and series of pandas in a strict form: their columns, each as an array.

Columns are named by text or whole numbers. They hold what numpy's arrays hold, plain values,
categories, or pandas' own nullable types.

Trust: as for :mod:`safeload.isolation.values`. pandas itself checks the codes of categories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from safeload.isolation.channel import GarbledError, NoFormError

__all__ = ["read_frame", "write_frame"]

_Array = npt.NDArray[Any]
# How the arrays of a frame are taken apart.
_Write = Callable[[_Array], dict[str, Any]]

_SIZES = ("8", "16", "32", "64")
# What each nullable type holds.
_NULLABLE: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "string": (str,),
    "boolean": (bool,),
    "Float32": (float, int),
    "Float64": (float, int),
    **{f"{sign}{size}": (int,) for sign in ("Int", "UInt") for size in _SIZES},
}
# Categories among which even those whose hashes are all the same are soon found.
_MANY = 10_000
_WIDE = 100
# Characters for each item, on average, beyond which a text is not copied for each.
_TEXT = 32


class Arrays(Protocol):
    """Puts arrays together; see :class:`safeload.isolation.values.Reader`."""

    is_trusting: bool

    def each(self, items: Any) -> Iterator[Any]:
        """Go through a list for as long as there is time."""

    def array(self, described: dict[str, Any]) -> _Array:
        """An array of any kind."""

    def table(self, described: dict[str, Any]) -> tuple[_Array, _Array]:
        """Plain values, each once, and the place of each item among them."""


def write_frame(write: _Write, value: Any) -> dict[str, Any]:
    """Describe a frame or series.

    Args:
        write: Describes an array.
        value: An object of pandas.

    Returns:
        Its description.

    Raises:
        NoFormError: It has none.
    """
    import pandas as pd

    if isinstance(value, pd.Series):
        return {
            "kind": "series",
            "name": _name(value.name),
            "index": _index(write, value.index),
            "values": _column(write, value),
        }
    if not isinstance(value, pd.DataFrame):
        raise NoFormError(f"a {type(value).__name__} of pandas")
    return {
        "kind": "frame",
        "names": [_name(name) for name in value.columns],
        "index": _index(write, value.index),
        "columns": [_column(write, value.iloc[:, n]) for n in range(value.shape[1])],
    }


def read_frame(reader: Arrays, described: dict[str, Any]) -> Any:
    """The frame or series of a description.

    Args:
        reader: Makes the arrays of descriptions.
        described: What :func:`write_frame` returned, or anything else.

    Raises:
        GarbledError: It is not the description of one; other errors mean the same.
    """
    import pandas as pd

    if described["kind"] == "series":
        name, index = _named(described["name"]), _indexed(reader, described["index"])
        return _series(_values(reader, described["values"]), index, name)
    names = [_named(name) for name in reader.each(described["names"])]
    index = _indexed(reader, described["index"])
    columns = []
    for column in reader.each(described["columns"]):
        values = _values(reader, column)
        # Of plain values, pandas would look for a narrower type.
        columns.append(_series(values, index, None) if values.dtype == object else values)
    if len(columns) != len(names) or any(len(column) != len(index) for column in columns):
        raise GarbledError("a frame's columns are not all there")
    # Their memory is their own already; pandas asks that many columns lie together.
    frame = pd.DataFrame(dict(enumerate(columns)), index=index, copy=len(columns) > _WIDE)
    frame.columns = pd.Index(names)
    return frame


def _name(name: Any) -> Any:
    if name is None or type(name) in (str, int):
        return name
    if isinstance(name, str | np.integer):
        return str(name) if isinstance(name, str) else int(name)
    raise NoFormError(f"a column whose name is a {type(name).__name__}")


def _named(name: Any) -> Any:
    if name is None or type(name) in (str, int):
        return name
    raise GarbledError("a column's name is none")


def _index(write: _Write, index: Any) -> Any:
    import pandas as pd

    if isinstance(index, pd.RangeIndex) and (index.start, index.step) == (0, 1):
        return len(index)
    if index.nlevels > 1:
        raise NoFormError("an index of several levels")
    return _column(write, pd.Series(index, dtype=index.dtype))


def _indexed(reader: Arrays, described: Any) -> Any:
    import pandas as pd

    if type(described) is not int:
        return _as_index(_values(reader, described))
    if not 0 <= described < 1 << 31:
        raise GarbledError("a frame has no length")
    return pd.RangeIndex(described)


def _as_index(values: Any) -> Any:
    import pandas as pd

    # Its type is said, or pandas would look for a narrower one.
    return pd.Index(values, dtype=values.dtype, copy=False)


def _series(values: Any, index: Any, name: Any) -> Any:
    import pandas as pd

    if len(values) != len(index):
        raise GarbledError("a column is not as long as the index")
    return pd.Series(values, index=index, name=name, dtype=values.dtype, copy=False)


def _column(write: _Write, series: Any) -> dict[str, Any]:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return {
            "kind": "categories",
            "codes": write(series.cat.codes.to_numpy()),
            "categories": _column(write, pd.Series(dtype.categories, dtype=dtype.categories.dtype)),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(dtype, np.dtype):
        return write(series.to_numpy())
    if str(dtype) not in _NULLABLE:
        raise NoFormError(f"a column of type {dtype}")
    values = series.astype(object).where(series.notna(), None).to_numpy()
    return {"kind": "nullable", "dtype": str(dtype), "values": write(values)}


def _values(reader: Arrays, described: dict[str, Any]) -> Any:
    if described["kind"] == "nullable":
        return _nullable(reader, described)
    if described["kind"] == "categories":
        return _categories(reader, described)
    values = reader.array(described)
    # pandas makes a text of its own of each item of an array of text.
    if values.ndim != 1 or values.dtype.kind in "SU":
        raise GarbledError("a column is not a column")
    return values


def _nullable(reader: Arrays, described: dict[str, Any]) -> Any:
    import pandas as pd

    dtype = described["dtype"]
    table, codes = reader.table(described["values"])
    kinds = _NULLABLE[dtype]
    if codes.ndim != 1 or not all(value is None or type(value) in kinds for value in table):
        raise GarbledError("a column is of no type that may be sent")
    if str in kinds and _is_long(table, codes):
        # pyarrow would copy the text into each place.
        dtype = pd.StringDtype("python", na_value=np.nan if dtype == "str" else pd.NA)
    return pd.array(table, dtype=dtype).take(codes)


def _is_long(table: _Array, codes: _Array) -> bool:
    """Whether texts take many times the memory of their codes if each item has its own."""
    lengths = np.fromiter((len(text or "") for text in table), "i8", len(table))
    together = np.bincount(codes, minlength=len(table)) @ lengths
    return bool(together > lengths.sum() + _TEXT * len(codes))


def _categories(reader: Arrays, described: dict[str, Any]) -> Any:
    import pandas as pd

    codes = reader.array(described["codes"])
    categories = _as_index(_values(reader, described["categories"]))
    if codes.dtype.kind != "i" or codes.ndim != 1:
        raise GarbledError("the codes of categories are not integers")
    if not (reader.is_trusting or _is_soon_unique(categories)):
        raise GarbledError("categories are many, and in no order")
    return pd.Categorical.from_codes(
        codes, categories=categories, ordered=described["ordered"] is True
    )


def _is_soon_unique(categories: Any) -> bool:
    """Whether pandas soon knows that they differ.

    It looks for each in a table by its hash. Numbers can be made whose hashes are the same; the
    hash of a text depends on a secret of this process. What is in order is not looked for.
    """
    if len(categories) <= _MANY:
        return True
    values = categories.to_numpy()
    if values.dtype.kind == "O":
        return all(type(value) is str for value in values)
    return bool((values[1:] > values[:-1]).all())
