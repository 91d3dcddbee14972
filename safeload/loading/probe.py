"""The probe: a few input rows, and what the model predicted for them when it was signed.

A model that loads without an error can still predict otherwise: another release of a library,
another processor, another byte order. Rows and predictions are recorded in the manifest as plain
JSON and compared with what the loaded model predicts.

Trust: a probe comes from a verified manifest. Its values become arrays of numbers, dates and text;
nothing in it is ever unpickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from safeload.errors import LoadError, UsageError, printable
from safeload.loading.probe_data import (
    decode,
    decode_rows,
    encode,
    encode_rows,
    frame_of,
    is_records,
    unsuitable,
)
from safeload.loading.probe_results import is_same
from safeload.unruly import UNRULY, described

__all__ = ["check_probe", "record_probe"]

_METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
# Methods of those that predict; others are compared by what they make of the rows, or by scores.
_PREDICTING = 3
_RELATIVE, _ABSOLUTE = 1e-6, 1e-9
# Looser than this, a comparison says nothing.
_LOOSEST = 0.1
# Of a probe as JSON, bytes. It rides in the signed statement, which is read whole at every load.
_BYTES = 4 * 1024 * 1024
# Of what a model raises, characters: libraries say in some lines what is wrong with the input.
_TEXT = 500


def record_probe(model: Any, rows: Any, *, drawn: bool = False) -> dict[str, Any]:
    """Predict on a few rows and write both down.

    Args:
        model: A fitted model with at least one of predict, predict_proba, decision_function,
            transform and score_samples.
        rows: An array of shape (n_rows, n_columns) or (n_rows,), a sparse matrix, a data frame, a
            list of texts, or a list of records (dicts); at most 10,000 rows, and 100,000 values in
            all. Records are a data frame to a model that was fitted on one.
        drawn: Whether the rows were drawn and are nobody's.

    Returns:
        The probe, of JSON types only.

    Raises:
        UsageError: The rows or the predictions have no JSON form or are too large, the model cannot
            predict, or does not predict the same twice (``probe-unsuitable``).
        LoadError: The model fails to predict on them (``probe-failed``).
    """
    try:
        recorded = encode_rows(_as_fitted(model, rows))
        if not _length(decode_rows(recorded)):
            raise unsuitable("it has no rows")
        predicted = _predictions(model, decode_rows(recorded))
        expected = {method: encode(outcome) for method, outcome in predicted.items()}
        if not expected:
            raise unsuitable(f"the model has none of the methods {', '.join(_METHODS)}")
        probe = {"rows": recorded, "expected": expected, "rtol": _RELATIVE, "atol": _ABSOLUTE}
        if hasattr(model, "classes_") and "predict" in expected:
            probe["exact"] = ["predict"]
        if drawn:
            probe["drawn"] = True
        if len(json.dumps(probe, ensure_ascii=False).encode(errors="replace")) > _BYTES:
            raise unsuitable(f"it is larger than {_BYTES // 2**20} MiB")
        differing = _differing(model, probe)
    except (UsageError, LoadError):
        raise
    except UNRULY as error:
        raise UsageError(
            f"The probe cannot be run: {described(error, limit=_TEXT)}",
            code="probe-unsuitable",
            hint="Give a few rows of what the model predicts on.",
        ) from error
    if differing:
        raise unsuitable(f"the model's {differing} differs from one call to the next")
    return probe


def check_probe(model: Any, probe: Mapping[str, Any] | None) -> int:
    """Predict on the recorded rows and compare.

    Args:
        model: The loaded model.
        probe: What :func:`record_probe` wrote, from a verified manifest.

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
        differing = _differing(model, probe)
        number = _length(decode_rows(probe["rows"]))
    except LoadError:
        raise
    except UNRULY as error:
        raise _failed("The probe cannot be run", error) from error
    if differing:
        raise LoadError(
            f"The model's {printable(differing)} differs from what was recorded at signing.",
            code="probe-mismatch",
            hint="Compare the library versions here with those in the manifest.",
        )
    return number


def _differing(model: Any, probe: Mapping[str, Any]) -> str:
    """The first method whose result is another one than was recorded; an empty text for none."""
    rtol, atol, expected = float(probe["rtol"]), float(probe["atol"]), probe["expected"]
    if not (0 <= rtol <= _LOOSEST and 0 <= atol < math.inf) or not expected:
        raise ValueError("a probe that compares nothing")
    recorded = {method: decode(result) for method, result in expected.items()}
    found = _predictions(model, decode_rows(probe["rows"]))
    exact = probe.get("exact", ())
    for method, result in recorded.items():
        exactly = method in exact
        if method not in found or not is_same(
            found[method], result, rtol=rtol, atol=atol, exactly=exactly
        ):
            return str(method)
    return ""


def _length(rows: Any) -> int:
    return int(rows.shape[0]) if hasattr(rows, "shape") else len(rows)


def _predictions(model: Any, rows: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, method in enumerate(_METHODS):
        if place >= _PREDICTING and found:
            break
        try:
            call = getattr(model, method, None)
            if call is not None:
                found[method] = call(rows)
        except UNRULY as error:  # whatever the model's own code raises
            raise _failed(f"The model's {method} fails on the probe", error) from error
    return found


def _as_fitted(model: Any, rows: Any) -> Any:
    """Records as a data frame, where the model was fitted on one; anything else as it is."""
    if is_records(rows) and getattr(model, "feature_names_in_", None) is not None:
        return frame_of(rows)
    return rows


def _failed(what: str, error: BaseException) -> LoadError:
    return LoadError(
        f"{what}: {described(error, limit=_TEXT)}",
        code="probe-failed",
        hint="Check that the rows are what the model predicts on (--probe), and compare the "
        "library versions here with those in the manifest.",
    )
