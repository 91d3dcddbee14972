"""What is in the file of a probe? Plain numbers and text become rows of input.

Trust: the file is the signer's own. It is read as plain numbers and text, never as a pickle.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from safeload.cli.inputs import read_input
from safeload.errors import UsageError
from safeload.unruly import described

__all__ = ["read_probe"]

# A probe holds 100,000 values at most.
_PROBE_BYTES = 64 * 1024 * 1024


def read_probe(path: Path) -> Any:
    """Read a few rows of input.

    Args:
        path: ``.npy``; ``.csv``, whose first line names the columns unless it is all numbers;
            ``.json``, a list of rows, a list of strings, or an object of columns.

    Returns:
        An array, a list of strings, or a data frame where the columns have names.

    Raises:
        UsageError: The file cannot be read, or is of no such form.
    """
    form = path.suffix
    if form not in (".npy", ".csv", ".json"):
        raise UsageError(
            "The probe's format is not known.",
            code="probe-unsuitable",
            hint="Give a file that ends in .npy, .csv or .json.",
        )
    try:
        data = read_input(str(path), "probe", limit=_PROBE_BYTES)
    except OSError as error:
        raise UsageError(
            f"The probe file cannot be read: {error.strerror}.",
            code="probe-unreadable",
            hint="Check the path given with --probe.",
        ) from error
    try:
        if form == ".npy":
            import numpy as np

            return np.load(io.BytesIO(data), allow_pickle=False)
        return (
            _csv(data.decode("utf-8-sig"))
            if form == ".csv"
            else _rows(json.loads(data.decode("utf-8")))
        )
    except UsageError:
        raise
    except Exception as error:  # whatever the readers of those formats raise
        raise UsageError(
            f"The probe cannot be used: {described(error)}",
            code="probe-unsuitable",
            hint="Give a few rows as .npy, .csv or .json.",
        ) from error


def _csv(text: str) -> Any:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise ValueError("the file has no rows")
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("the rows are not of one length")
    values = [[_value(field) for field in row] for row in rows]
    if any(isinstance(value, str) for value in values[0]):
        return _frame({name: [row[i] for row in values[1:]] for i, name in enumerate(rows[0])})
    return _array(values)


def _rows(document: Any) -> Any:
    if isinstance(document, dict):
        return _frame(document)
    if isinstance(document, list) and document and all(isinstance(r, str) for r in document):
        return document
    if isinstance(document, list) and document and all(isinstance(r, list) for r in document):
        return _array(document)
    raise ValueError("it is no list of rows, list of strings or object of columns")


def _array(rows: list[list[Any]]) -> Any:
    import numpy as np

    words = any(value is None or isinstance(value, str) for row in rows for value in row)
    return np.array(rows, dtype=object if words else None)


def _frame(columns: dict[str, Any]) -> Any:
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UsageError(
            "A probe with named columns needs pandas, which is not installed.",
            code="probe-unsuitable",
            hint="Install pandas, or give the rows without names as .npy.",
        ) from error
    return pd.DataFrame(columns)


def _value(field: str) -> int | float | str:
    for form in (int, float):
        try:
            return form(field)
        except ValueError:
            continue
    return field
