"""Rows and results as plain JSON, and back: arrays, sparse matrices, frames, texts, records.

Trust: what is read comes from a verified manifest, whose signer may err or worse. It becomes arrays
of numbers, dates and text of the types below and of bounded size; nothing is unpickled, and no name
in it is looked up but that of a time zone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from safeload.errors import UsageError, printable

__all__ = [
    "decode",
    "decode_rows",
    "encode",
    "encode_rows",
    "frame_of",
    "is_frame",
    "is_records",
    "is_sparse",
    "require_pandas",
    "unsuitable",
]

# A probe rides in the signed statement, which is read whole at every load. Values that are written
# out, and cells of what a model may write out itself.
_VALUES, _CELLS = 100_000, 50_000_000
_ROWS, _COLUMNS = 10_000, 100_000
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
# Values that JSON has not, by what they are called there.
_READ: Mapping[str, Callable[[str], Any]] = {
    "float": _NOT_FINITE.__getitem__,
    "date": date.fromisoformat,
    "time": datetime.fromisoformat,
}
_NUMBERS, _DATES = "biuf", "mM"
_DTYPE = re.compile(r"[<>|=]?[biufmMO][0-9]{0,2}(?:\[[0-9]{0,6}[A-Za-z]{1,2}\])?", re.ASCII)
# Types of pandas that have a missing value of their own.
_NULLABLE = re.compile(r"U?Int(?:8|16|32|64)|Float(?:32|64)|boolean|string", re.ASCII)
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,32}){0,2}", re.ASCII)
_HINT = (
    f"Give a few rows of numbers, dates and text: {_ROWS:,} rows and {_VALUES:,} values at most."
)


def unsuitable(why: str) -> UsageError:
    """The error about rows or results that have no form in a manifest."""
    return UsageError(f"The probe cannot be recorded: {why}.", code="probe-unsuitable", hint=_HINT)


def is_sparse(value: Any) -> bool:
    """Whether something is a matrix of scipy's that holds what is not zero."""
    return hasattr(value, "tocsr")


def is_frame(value: Any) -> bool:
    """Whether something is a data frame."""
    return hasattr(value, "columns") and hasattr(value, "iloc")


def is_records(value: Any) -> bool:
    """Whether something is a list of records, each a mapping from names to values."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def frame_of(records: Sequence[Mapping[Any, Any]]) -> Any:
    """The data frame of some records; what one of them lacks is missing.

    Args:
        records: The records.

    Raises:
        UsageError: pandas is not installed (``extra-missing``).
    """
    return require_pandas().DataFrame([dict(record) for record in records])


def require_pandas() -> Any:
    """The module ``pandas``.

    Raises:
        UsageError: It is not installed (``extra-missing``).
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UsageError(
            "A probe with named columns needs pandas, which is not installed.",
            code="extra-missing",
            hint="Install pandas, or give the rows without names as .npy.",
        ) from error
    return pd


def encode_rows(rows: Any) -> dict[str, Any]:
    """Write rows of input down.

    Args:
        rows: An array of shape (n_rows, n_columns) or (n_rows,), a sparse matrix, a data frame, a
            list of texts, or a list of records.

    Returns:
        An object of JSON.

    Raises:
        UsageError: They have no such form, or are too many (``probe-unsuitable``).
    """
    if isinstance(rows, list) and all(isinstance(row, str) for row in rows):
        _bound(len(rows), 1)
        return {"kind": "list", "values": list(map(str, rows))}
    if is_records(rows):
        _bound(len(rows), max(map(len, rows)))
        return {"kind": "records", "values": [_record(row) for row in rows]}
    encoded = encode(rows)
    if isinstance(encoded, list):
        raise unsuitable("its rows are a list of arrays")
    return {"kind": "array", **encoded}


def decode_rows(recorded: Mapping[str, Any]) -> Any:
    """Read what :func:`encode_rows` wrote.

    Raises:
        ValueError: It is of no such form, or too large; so may be TypeError and KeyError.
    """
    if recorded["kind"] == "list":
        return [_text(value) for value in _items(recorded["values"], _VALUES)]
    if recorded["kind"] == "records":
        return _read_records(recorded)
    return decode(recorded)


def encode(value: Any) -> Any:
    """Write rows or results down.

    Args:
        value: An array, sparse matrix or data frame, or a list of them for several outputs.

    Returns:
        JSON.

    Raises:
        UsageError: It has no such form, or is too large (``probe-unsuitable``).
    """
    if is_frame(value):
        _bound(*value.shape)
        names = [_name(name) for name in value.columns]
        columns = [_column(value.iloc[:, place]) for place in range(len(names))]
        return {
            "kind": "frame",
            "rows": len(value),
            "columns": [
                {"name": name, **column} for name, column in zip(names, columns, strict=True)
            ],
        }
    if is_sparse(value):
        return _sparse(value)
    if isinstance(value, list) and value and all(map(_is_output, value)):
        # Several outputs, one array each.
        return [encode(item) for item in value]
    return _array(np.asarray(value))


def decode(recorded: Any) -> Any:
    """Read what :func:`encode` wrote.

    Raises:
        ValueError: It is of no such form, or too large; so may be TypeError and KeyError.
    """
    if isinstance(recorded, list):
        return [decode(item) for item in _items(recorded, _COLUMNS)]
    kind = recorded.get("kind", "array")
    if kind == "frame":
        return _read_frame(recorded)
    if kind == "sparse":
        return _read_sparse(recorded)
    if kind != "array":
        raise ValueError("a form that no probe has")
    return _read_array(recorded)


# -- arrays ----------------------------------------------------------------------------------------


def _is_output(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_sparse(value) or is_frame(value)


def _array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    kind = array.dtype.kind
    if kind not in _NUMBERS + _DATES + "UO":
        raise unsuitable(f"it has values of type {array.dtype}")
    rows = len(array) if array.ndim else 1
    _bound(rows, array.size // max(rows, 1))
    if kind in _DATES:
        array, dtype = array.astype(np.int64), array.dtype.newbyteorder("<").str
    else:
        dtype = "O" if kind in "UO" else array.dtype.str
    return {
        "dtype": dtype,
        "shape": list(array.shape),
        "values": [_plain(value) for value in array.ravel().tolist()],
    }


def _read_array(recorded: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    values, shape = _items(recorded["values"], _VALUES), _shape(recorded["shape"])
    if math.prod(shape) != len(values) or (shape and shape[0] > max(_ROWS, len(values))):
        raise ValueError("a shape that does not fit")
    name = _text(recorded["dtype"])
    if not _DTYPE.fullmatch(name):
        raise ValueError("a type that no probe has")
    dtype = np.dtype(name)
    # Dates are written as whole numbers, with NaT as one of them.
    array = np.empty(len(values), np.int64 if dtype.kind in _DATES else dtype)
    array[:] = [_value(value) for value in values]
    return (array.astype(dtype) if dtype.kind in _DATES else array).reshape(shape)


def _sparse(matrix: Any) -> dict[str, Any]:
    rows = matrix.tocsr()
    if rows.ndim != 2 or rows.dtype.kind not in _NUMBERS:
        raise unsuitable(f"it has a sparse matrix of type {rows.dtype}")
    rows.sum_duplicates()
    if rows.nnz > _VALUES or rows.shape[0] > _ROWS or math.prod(rows.shape) > _CELLS:
        raise unsuitable(
            f"it has a sparse matrix of {rows.shape[0]:,} rows and {rows.nnz:,} values"
        )
    return {
        "kind": "sparse",
        "shape": list(rows.shape),
        "starts": rows.indptr.tolist(),
        "columns": rows.indices.tolist(),
        **{name: part for name, part in _array(rows.data).items() if name != "shape"},
    }


def _read_sparse(recorded: Mapping[str, Any]) -> Any:
    from scipy.sparse import csr_matrix

    shape = _shape(recorded["shape"])
    if len(shape) != 2 or shape[0] > _ROWS or math.prod(shape) > _CELLS:
        raise ValueError("a shape that no sparse probe has")
    data = _read_array({**recorded, "shape": [len(recorded["values"])]})
    starts = np.array([_whole(start) for start in _items(recorded["starts"], _VALUES)], np.int64)
    columns = np.array([_whole(at) for at in _items(recorded["columns"], _VALUES)], np.int64)
    matrix = csr_matrix((data, columns, starts), shape=shape)
    # Compiled code follows these without looking.
    matrix.check_format(full_check=True)
    return matrix


# -- data frames -----------------------------------------------------------------------------------


def _column(column: Any) -> dict[str, Any]:
    dtype = column.dtype
    if hasattr(dtype, "categories"):
        return {
            "kind": "category",
            "categories": _array(np.asarray(dtype.categories)),
            "codes": [int(code) for code in column.cat.codes],
            "ordered": bool(dtype.ordered),
        }
    if getattr(dtype, "tz", None) is not None:
        zone = str(dtype.tz)
        if not _ZONE.fullmatch(zone):
            raise unsuitable(f"it has a time zone without a name ({printable(zone)})")
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return {"kind": "zoned", "zone": zone, **_array(utc)}
    if isinstance(dtype, np.dtype):
        return {"kind": "array", **_array(column.to_numpy())}
    values = [
        None if missing else value for value, missing in zip(column, column.isna(), strict=True)
    ]
    if _NULLABLE.fullmatch(str(dtype)):
        return {"kind": "nullable", "type": str(dtype), "values": list(map(_plain, values))}
    # Texts of pandas 3 have a type that older releases do not know; as objects all read them.
    return {"kind": "array", **_array(np.array(values, object))}


def _read_frame(recorded: Mapping[str, Any]) -> Any:
    import pandas as pd

    described = _items(recorded["columns"], _COLUMNS)
    columns = {place: _read_column(column) for place, column in enumerate(described)}
    # Frames of before had no number of rows, and at least one column.
    length = _whole(recorded["rows"]) if "rows" in recorded else len(next(iter(columns.values())))
    if length > _ROWS or length * len(columns) > _CELLS:
        raise ValueError("more rows than a probe has")
    if any(len(column) != length for column in columns.values()):
        raise ValueError("columns that are not of one length")
    frame = pd.DataFrame(columns, index=range(length))
    frame.columns = pd.Index([_named(column["name"]) for column in described])
    return frame


def _read_column(recorded: Mapping[str, Any]) -> Any:
    import pandas as pd

    kind = recorded.get("kind", "array")
    if kind == "category":
        codes = np.array([_code(code) for code in _items(recorded["codes"], _VALUES)], np.int64)
        ordered = recorded["ordered"] is True
        return pd.Categorical.from_codes(
            codes, _read_array(recorded["categories"]), ordered=ordered
        )
    if kind == "zoned":
        zone = _text(recorded["zone"])
        if not _ZONE.fullmatch(zone):
            raise ValueError("a time zone of another form")
        return pd.Series(_read_array(recorded)).dt.tz_localize("UTC").dt.tz_convert(zone)
    if kind == "nullable":
        name = _text(recorded["type"])
        if not _NULLABLE.fullmatch(name):
            raise ValueError("a type that no probe has")
        return pd.array(
            [_value(value) for value in _items(recorded["values"], _VALUES)], dtype=name
        )
    if kind != "array":
        raise ValueError("a column of a form that no probe has")
    return _read_array(recorded)


def _name(name: Any) -> str | int:
    if isinstance(name, str):
        return str(name)
    if isinstance(name, int | np.integer) and not isinstance(name, bool):
        return int(name)
    raise unsuitable("it has a column whose name is neither text nor a whole number")


def _named(name: Any) -> str | int:
    return name if type(name) is int else _text(name)


# -- records ---------------------------------------------------------------------------------------


def _record(record: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(isinstance(name, str) for name in record):
        raise unsuitable("it has a record with a name that is not text")
    return {str(name): _plain(value) for name, value in record.items()}


def _read_records(recorded: Mapping[str, Any]) -> list[dict[str, Any]]:
    records = _items(recorded["values"], _ROWS)
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("a record that is not an object")
    if sum(map(len, records)) > _VALUES:
        raise ValueError("more values than a probe has")
    return [{name: _value(value) for name, value in record.items()} for record in records]


# -- values ----------------------------------------------------------------------------------------


def _own(value: Any) -> Any:
    """A scalar of numpy's as Python's own."""
    if isinstance(value, np.datetime64):
        return _own_date(value)
    if isinstance(value, np.generic) and not isinstance(value, np.timedelta64):
        return value.item()
    return value


def _own_date(value: np.datetime64) -> Any:
    own = value.item()
    if isinstance(own, int):
        # Python's own have no nanoseconds; what has none either is the same.
        shorter = value.astype("M8[us]")
        if shorter != value:
            raise unsuitable("it has a time with nanoseconds among other objects")
        own = shorter.item()
    return own


def _date(value: date) -> dict[str, str] | None:
    """A date or time among other objects, as text; None for pandas' NaT, which equals nothing."""
    if value != value:
        return None
    if not isinstance(value, datetime):
        return {"date": value.isoformat()}
    # What pandas has beside it.
    nanoseconds: int = getattr(value, "nanosecond", 0)
    if value.tzinfo is not None or nanoseconds:
        raise unsuitable("it has a time with a zone or with nanoseconds among other objects")
    return {"time": value.isoformat()}


def _plain(value: Any) -> Any:
    value = _own(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date):
        return _date(value)
    raise unsuitable(f"it has a value of type {printable(type(value).__name__)}")


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _READ[kind](_text(text))
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError("a value that no probe has")


def _bound(rows: int, columns: int) -> None:
    if rows > _ROWS or columns > _COLUMNS or rows * columns > _VALUES:
        raise unsuitable(f"it has {rows:,} rows of {columns:,} values")


def _shape(value: Any) -> tuple[int, ...]:
    return tuple([_whole(length) for length in _items(value, 32)])


def _items(value: Any, most: int) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("no list, or too long a one")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _CELLS:
        raise ValueError("no whole number, or too large a one")
    return value


def _code(value: Any) -> int:
    return -1 if type(value) is int and value == -1 else _whole(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004  # readers of a probe raise one kind of error
    return value
