"""The probe: a few input rows, and what the model predicted for them when it was signed.

A model that loads without an error can still predict otherwise: another release of a library,
another processor, another byte order. Rows and predictions are sealed in the manifest as plain
JSON and compared with what the loaded model predicts.

Trust: a probe comes from a verified manifest. Its values become arrays of numbers and strings;
nothing in it is ever unpickled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from safeload.errors import LoadError, UsageError, printable
from safeload.unruly import UNRULY, described

__all__ = ["check_probe", "seal_probe"]

_METHODS = ("predict", "predict_proba", "decision_function", "transform")
# A probe rides in the signed statement, which is read whole at every load.
_VALUES = 100_000
_RELATIVE = 1e-6
_ABSOLUTE = 1e-9
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def seal_probe(model: Any, rows: Any) -> dict[str, Any]:
    """Predict on a few rows and write both down.

    Args:
        model: A fitted model with at least one of predict, predict_proba, decision_function and
            transform.
        rows: An array of shape (n_rows, n_columns) or (n_rows,), a data frame, or a list of
            strings; at most 100,000 values in all.

    Returns:
        The probe, of JSON types only.

    Raises:
        UsageError: The rows or the predictions have no JSON form, or the model cannot predict.
    """
    try:
        sealed = _encode_rows(rows)
        decoded = _decode_rows(sealed)
        predicted = _predictions(model, decoded)
        expected = {method: _encode(outcome) for method, outcome in predicted.items()}
    except UsageError:
        raise
    except UNRULY as error:
        raise UsageError(
            f"The probe cannot be run: {described(error)}",
            code="probe-unsuitable",
            hint="Give a few rows of what the model predicts on.",
        ) from error
    if not expected:
        raise UsageError(
            "The model has no method that a probe could call.",
            code="probe-unsuitable",
            hint=f"A probe calls one of {', '.join(_METHODS)}; sign the model without one.",
        )
    return {"rows": sealed, "expected": expected, "rtol": _RELATIVE, "atol": _ABSOLUTE}


def check_probe(model: Any, probe: Mapping[str, Any] | None) -> int:
    """Predict on the sealed rows and compare.

    Args:
        model: The loaded model.
        probe: What :func:`seal_probe` wrote, from a verified manifest.

    Returns:
        The number of rows compared.

    Raises:
        LoadError: There is no probe, it cannot be run here, or a prediction differs.
    """
    if probe is None:
        raise LoadError(
            "The model was signed without a probe.",
            code="no-probe",
            hint="Sign it with a few rows of input (--probe) to have predictions compared.",
        )
    try:
        rows = _decode_rows(probe["rows"])
        rtol, atol = float(probe["rtol"]), float(probe["atol"])
        found = _predictions(model, rows)
        differing = [
            method
            for method, expected in probe["expected"].items()
            if method not in found or not _same(found[method], _decode(expected), rtol, atol)
        ]
    except UNRULY as error:
        raise LoadError(
            f"The probe cannot be run: {described(error)}",
            code="probe-failed",
            hint="Compare the library versions here with those in the manifest.",
        ) from error
    if differing:
        raise LoadError(
            f"The model's {printable(differing[0])} differs from what was sealed at signing.",
            code="probe-mismatch",
            hint="Compare the library versions here with those in the manifest.",
        )
    return len(rows)


def _predictions(model: Any, rows: Any) -> dict[str, Any]:
    found = {}
    for method in _METHODS:
        call = getattr(model, method, None)
        if call is not None:
            found[method] = call(rows)
        if method == "decision_function" and found:
            # What predicts is compared by its predictions; only others by what they transform.
            break
    return found


def _same(found: Any, expected: Any, rtol: float, atol: float) -> bool:
    if isinstance(expected, list):
        return len(found) == len(expected) and all(
            _same(one, other, rtol, atol) for one, other in zip(found, expected, strict=True)
        )
    array = _dense(found)
    if array.shape != expected.shape:
        return False
    if array.dtype.kind in "fc" and expected.dtype.kind in "fc":
        return bool(np.allclose(array, expected, rtol=rtol, atol=atol, equal_nan=True))
    return bool(np.array_equal(array, expected))


def _dense(outcome: Any) -> np.ndarray[Any, Any]:
    return np.asarray(outcome.toarray() if hasattr(outcome, "toarray") else outcome)


def _encode_rows(rows: Any) -> dict[str, Any]:
    if hasattr(rows, "columns") and hasattr(rows, "iloc"):
        return {
            "kind": "frame",
            "columns": [
                {"name": str(name), **_encode(rows.iloc[:, place].to_numpy())}
                for place, name in enumerate(rows.columns)
            ],
        }
    if isinstance(rows, list) and all(isinstance(row, str) for row in rows):
        return {"kind": "list", "values": rows}
    return {"kind": "array", **_encode(rows)}


def _decode_rows(sealed: Mapping[str, Any]) -> Any:
    kind = sealed["kind"]
    if kind == "list":
        return [str(value) for value in sealed["values"]]
    if kind == "array":
        return _decode(sealed)
    import pandas as pd

    return pd.DataFrame({column["name"]: _decode(column) for column in sealed["columns"]})


def _encode(outcome: Any) -> Any:
    if isinstance(outcome, list) and outcome and isinstance(outcome[0], np.ndarray):
        # Several outputs, one array each.
        return [_encode(item) for item in outcome]
    array = _dense(outcome)
    if array.dtype.kind not in "biufUO" or array.size > _VALUES:
        raise UsageError(
            f"A probe cannot hold {array.size} values of type {array.dtype}.",
            code="probe-unsuitable",
            hint=f"Give a few rows of numbers or strings, {_VALUES} values at most.",
        )
    return {
        "dtype": "O" if array.dtype.kind in "OU" else array.dtype.str,
        "shape": list(array.shape),
        "values": [_plain(value) for value in array.ravel().tolist()],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UsageError(
        f"A probe cannot hold a value of type {type(value).__name__}.",
        code="probe-unsuitable",
        hint="Give rows of numbers and strings.",
    )


def _decode(sealed: Any) -> Any:
    if isinstance(sealed, list):
        return [_decode(item) for item in sealed]
    values = [
        _NOT_FINITE[value["float"]] if isinstance(value, dict) else value
        for value in sealed["values"]
    ]
    dtype = np.dtype(sealed["dtype"])
    if dtype.kind not in "biufO":
        raise ValueError("a dtype that no probe has")
    array = np.empty(len(values), dtype)
    array[:] = values
    return array.reshape(sealed["shape"])
