"""Data frames and series of pandas in a strict form: their columns, each as an array.

Columns are named by text or whole numbers. They hold what numpy's arrays hold, plain values,
categories, or pandas' own nullable types.

Trust: as for :mod:`safeload.isolation.values`. pandas itself checks lengths and codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from safeload.isolation.channel import GarbledError
from safeload.isolation.values import NoFormError

if TYPE_CHECKING:
    from safeload.isolation.values import Reader, Writer

__all__ = ["read_frame", "write_frame"]

_SIZES = ("8", "16", "32", "64")
_NULLABLE = {"str", "string", "boolean", "Float32", "Float64"} | {
    f"{sign}{size}" for sign in ("Int", "UInt") for size in _SIZES
}


def write_frame(writer: Writer, value: Any) -> dict[str, Any]:
    """Describe a frame or series.

    Args:
        writer: Takes the arrays in it apart.
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
            "index": _index(writer, value.index),
            "values": _column(writer, value),
        }
    if not isinstance(value, pd.DataFrame):
        raise NoFormError(f"a {type(value).__name__} of pandas")
    return {
        "kind": "frame",
        "names": [_name(name) for name in value.columns],
        "index": _index(writer, value.index),
        "columns": [_column(writer, value.iloc[:, n]) for n in range(value.shape[1])],
    }


def read_frame(reader: Reader, described: dict[str, Any]) -> Any:
    """The frame or series of a description.

    Args:
        reader: Puts the arrays in it together.
        described: What :func:`write_frame` returned, or anything else.

    Raises:
        GarbledError: It is not the description of one; other errors mean the same.
    """
    import pandas as pd

    if described["kind"] == "series":
        name, index = _named(described["name"]), _indexed(reader, described["index"])
        return pd.Series(_values(reader, described["values"]), index=index, name=name)
    names = [_named(name) for name in described["names"]]
    index = _indexed(reader, described["index"])
    columns = [_values(reader, column) for column in described["columns"]]
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


def _index(writer: Writer, index: Any) -> Any:
    import pandas as pd

    if isinstance(index, pd.RangeIndex) and (index.start, index.step) == (0, 1):
        return len(index)
    if index.nlevels > 1:
        raise NoFormError("an index of several levels")
    return _column(writer, index.to_series())


def _indexed(reader: Reader, described: Any) -> Any:
    import pandas as pd

    if type(described) is not int:
        return pd.Index(_values(reader, described))
    if not 0 <= described < 1 << 31:
        raise GarbledError("a frame has no length")
    return pd.RangeIndex(described)


def _column(writer: Writer, series: Any) -> dict[str, Any]:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return {
            "kind": "categories",
            "codes": writer.array(series.cat.codes.to_numpy()),
            "categories": _column(writer, dtype.categories.to_series()),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(dtype, np.dtype):
        return writer.array(series.to_numpy())
    if str(dtype) not in _NULLABLE:
        raise NoFormError(f"a column of type {dtype}")
    values = series.astype(object).where(series.notna(), None).to_numpy()
    return {"kind": "nullable", "dtype": str(dtype), "values": writer.array(values)}


def _values(reader: Reader, described: dict[str, Any]) -> Any:
    import pandas as pd

    if described["kind"] == "nullable":
        if described["dtype"] not in _NULLABLE:
            raise GarbledError("a column is of no type that may be sent")
        return pd.array(reader.array(described["values"]), dtype=described["dtype"])
    if described["kind"] == "categories":
        codes = reader.array(described["codes"])
        categories = pd.Index(_values(reader, described["categories"]))
        if codes.dtype.kind != "i" or codes.ndim != 1:
            raise GarbledError("the codes of categories are no integers")
        return pd.Categorical.from_codes(
            codes, categories=categories, ordered=described["ordered"] is True
        )
    values = reader.array(described)
    if values.ndim != 1:
        raise GarbledError("a column is no column")
    return values
