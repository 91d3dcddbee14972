"""What is in the file of a probe? Plain numbers and text become rows of input.

Trust: the file is the signer's own. It is read as plain numbers and text, never as a pickle.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safeload.cli.inputs import read_input
from safeload.errors import UsageError, about
from safeload.unruly import described

__all__ = ["read_probe"]

# A probe holds 100,000 values at most; what one is drawn from is what a model was trained on.
_BYTES = {"probe": 64 * 1024 * 1024, "probe-from": 4 * 1024 * 1024 * 1024}
_FORMS = (".npy", ".csv", ".json", ".parquet")
_HINT = f"Give a file that ends in {', '.join(_FORMS[:-1])} or {_FORMS[-1]}."


def read_probe(path: Path, *, option: str = "probe") -> Any:
    """Read rows of input.

    Args:
        path: ``.npy``; ``.csv``, whose first line names the columns unless it is all numbers;
            ``.json``, a list of rows, a list of strings, a list of records (objects), or an object
            of columns; ``.parquet``, for which pandas needs pyarrow.
        option: The option that the file was given for, without its dashes.

    Returns:
        An array, a list of strings, a list of records, or a data frame where the columns have
        names. A field that is empty is missing.

    Raises:
        UsageError: The file cannot be read, or is of no such form.
    """
    with about(path, given=True):
        form = path.suffix
        if form not in _FORMS:
            raise _unsuitable(option, f"The format of the {option} is not known.")
        try:
            data = read_input(str(path), option, limit=_BYTES[option])
        except OSError as error:
            raise UsageError(
                f"The {option} file cannot be read: {error.strerror}.",
                code="probe-unreadable" if option == "probe" else "probe-from-unreadable",
                hint=f"Check the path given with --{option}.",
            ) from error
        try:
            return _READERS[form](data)
        except UsageError:
            raise
        except Exception as error:  # whatever the readers of those formats raise
            why = f"The {option} cannot be used: {described(error)}"
            raise _unsuitable(option, why) from error


def _unsuitable(option: str, message: str) -> UsageError:
    return UsageError(
        message,
        code="probe-unsuitable" if option == "probe" else "probe-from-unsuitable",
        hint=_HINT,
    )


def _npy(data: bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(data), allow_pickle=False)


def _parquet(data: bytes) -> Any:
    from safeload.loading.probe_data import require_pandas

    pd = require_pandas()
    try:
        return pd.read_parquet(io.BytesIO(data))
    except ImportError as error:
        raise UsageError(
            "A .parquet file is read by pyarrow, which is not installed.",
            code="extra-missing",
            hint="Install pyarrow, or give the rows as .csv.",
        ) from error


def _csv(data: bytes) -> Any:
    text = data.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise ValueError("the file has no rows")
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("the rows are not of one length")
    values = [[_value(field) for field in row] for row in rows]
    if any(isinstance(value, str) for value in values[0]):
        return _frame({name: [row[i] for row in values[1:]] for i, name in enumerate(rows[0])})
    return _array(values)


def _json(data: bytes) -> Any:
    document = json.loads(data.decode("utf-8"))
    if isinstance(document, dict):
        return _frame(document)
    if isinstance(document, list) and document and all(isinstance(r, str) for r in document):
        return document
    if isinstance(document, list) and document and all(isinstance(r, dict) for r in document):
        return document
    if isinstance(document, list) and document and all(isinstance(r, list) for r in document):
        return _array(document)
    raise ValueError("it is not a list of rows, of strings or of records, nor an object of columns")


def _array(rows: list[list[Any]]) -> Any:
    import numpy as np

    if any(isinstance(value, str) for row in rows for value in row):
        return np.array(rows, dtype=object)
    # None among numbers is not a number.
    missing = any(value is None for row in rows for value in row)
    return np.array(rows, dtype=float if missing else None)


def _frame(columns: dict[str, Any]) -> Any:
    from safeload.loading.probe_data import require_pandas

    return require_pandas().DataFrame(columns)


def _value(field: str) -> int | float | str | None:
    if not field:
        return None
    for form in (int, float):
        try:
            return form(field)
        except ValueError:
            continue
    return field


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".npy": _npy,
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
}
