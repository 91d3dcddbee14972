"""Data frames and series of pandas in a strict form: their columns, each as an array.

Columns are named by text or whole numbers. They hold what numpy's arrays hold, plain values,
categories, or pandas' own nullable types.

Trust: as for :mod:`safeload.isolation.values`. pandas itself checks lengths and codes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from safeload.isolation.channel import GarbledError, NoFormError

__all__ = ["read_frame", "write_frame"]

_Array = npt.NDArray[Any]
# How the arrays of a frame are taken apart, and put together.
_Write = Callable[[_Array], dict[str, Any]]
_Read = Callable[[dict[str, Any]], _Array]

_SIZES = ("8", "16", "32", "64")
_NULLABLE = {"str", "string", "boolean", "Float32", "Float64"} | {
    f"{sign}{size}" for sign in ("Int", "UInt") for size in _SIZES
}


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


def read_frame(read: _Read, described: dict[str, Any]) -> Any:
    """The frame or series of a description.

    Args:
        read: Makes the array of a description.
        described: What :func:`write_frame` returned, or anything else.

    Raises:
        GarbledError: It is not the description of one; other errors mean the same.
    """
    import pandas as pd

    if described["kind"] == "series":
        name, index = _named(described["name"]), _indexed(read, described["index"])
        return pd.Series(_values(read, described["values"]), index=index, name=name)
    names = [_named(name) for name in described["names"]]
    index = _indexed(read, described["index"])
    columns = [_values(read, column) for column in described["columns"]]
    if len(columns) != len(names) or any(len(column) != len(index) for column in columns):
        raise GarbledError("a frame's columns are not all there")
    frame = pd.DataFrame(dict(enumerate(columns)), index=index)
    frame.columns = names
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
    return _column(write, index.to_series())


def _indexed(read: _Read, described: Any) -> Any:
    import pandas as pd

    if type(described) is not int:
        return pd.Index(_values(read, described))
    if not 0 <= described < 1 << 31:
        raise GarbledError("a frame has no length")
    return pd.RangeIndex(described)


def _column(write: _Write, series: Any) -> dict[str, Any]:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return {
            "kind": "categories",
            "codes": write(series.cat.codes.to_numpy()),
            "categories": _column(write, dtype.categories.to_series()),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(dtype, np.dtype):
        return write(series.to_numpy())
    if str(dtype) not in _NULLABLE:
        raise NoFormError(f"a column of type {dtype}")
    values = series.astype(object).where(series.notna(), None).to_numpy()
    return {"kind": "nullable", "dtype": str(dtype), "values": write(values)}


def _values(read: _Read, described: dict[str, Any]) -> Any:
    import pandas as pd

    if described["kind"] == "nullable":
        if described["dtype"] not in _NULLABLE:
            raise GarbledError("a column is of no type that may be sent")
        return pd.array(read(described["values"]), dtype=described["dtype"])
    if described["kind"] == "categories":
        codes = read(described["codes"])
        categories = pd.Index(_values(read, described["categories"]))
        if codes.dtype.kind != "i" or codes.ndim != 1:
            raise GarbledError("the codes of categories are no integers")
        return pd.Categorical.from_codes(
            codes, categories=categories, ordered=described["ordered"] is True
        )
    values = read(described)
    if values.ndim != 1:
        raise GarbledError("a column is no column")
    return values
